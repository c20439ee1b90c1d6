package bmc

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

const showAnswer = "show /system1\r\nstatus=0\r\nstatus_tag=COMMAND COMPLETED\r\nMon Jan 25 16:55:35 2016\r\n\r\n/system1\r\n  Properties\r\n    name=ProLiant\r\n    enabledstate=enabled\r\n  Verbs\r\n    cd version exit show\r\n"

func TestEnabledState(t *testing.T) {
	const done = "status=0\r\nstatus_tag=COMMAND COMPLETED\r\n"
	tests := []struct {
		answer string
		want   string // on, off, or a substring of the error
	}{
		{showAnswer, "on"},
		{strings.Replace(showAnswer, "=enabled", "=disabled", 1), "off"},
		{strings.ReplaceAll(showAnswer, "\r\n", "\n"), "on"},
		{strings.ReplaceAll(showAnswer, "\r\n", "\r"), "on"},
		{"EnabledState=Enabled\n", "on"},
		{"ENABLEDSTATE = DISABLED \r\n", "off"},
		{"\x1b[0menabledstate=\x1b[1menabled\x1b[0m\r\n", "on"},
		{"enabledstate=enabled\r\nenabledstate=Enabled\r\n", "on"},
		{"enabledstate=enabled\r\nenabledstate=disabled\r\n", "two different states"},
		{"enabledstate=enabled", "no EnabledState"}, // may go on
		{"enabledstate=enabledbutoffline\r\n", "neither enabled nor disabled"},
		{"enabledstate=disabledbutsomething\r\n", "neither enabled nor disabled"},
		{"enabledstate=enab\r\n", "neither enabled nor disabled"},
		{"enabledstate=\r\n", "neither enabled nor disabled"},
		{"enabledstate=2\r\n", "neither enabled nor disabled"},
		{"requestedenabledstate=disabled\r\n", "no EnabledState"},
		{"name=enabledstate=disabled\r\n", "no EnabledState"},
		{done, "no EnabledState"},
		{"", "no EnabledState: nothing"},
		{"status=2\r\nstatus_tag=COMMAND PROCESSING FAILED\r\nerror_tag=INVALID TARGET\r\nenabledstate=disabled\r\n", "INVALID TARGET"},
	}
	for _, tt := range tests {
		on, err := cliAnswer(tt.answer).enabledState()
		got := map[bool]string{true: "on", false: "off"}[on]
		if err != nil {
			got = err.Error()
		}
		if got != tt.want && (err == nil || !strings.Contains(got, tt.want)) {
			t.Errorf("%q reads as %q, want %q", tt.answer, got, tt.want)
		}
	}
}

// An answer comes in pieces. A piece that ends inside a word is no state: the
// stock agent reads "enabledstate=ena" as off.
func TestEnabledStateOfAPart(t *testing.T) {
	for _, text := range []string{showAnswer, strings.Replace(showAnswer, "=enabled", "=disabled", 1)} {
		want := text == showAnswer
		whole := strings.Index(text, "\r\n  Verbs")
		for i := range len(text) {
			part := cliAnswer(text[:i])
			on, err := part.enabledState()
			if i <= whole && (err == nil || part.hasEnabledState()) || i > whole && (err != nil || on != want) {
				t.Errorf("%q reads as on %v, %v", part, on, err)
			}
		}
	}
}

func TestAccepted(t *testing.T) {
	failed := func(text string) string {
		return "power off hard\r\nstatus=2\r\nstatus_tag=COMMAND PROCESSING FAILED\r\n" + text + "\r\n"
	}
	tests := []struct {
		answer, state string
		want          string // "" is accepted
		unknown       bool
	}{
		{"status=0\r\nstatus_tag=COMMAND COMPLETED\r\n\r\nForcing server power off .......\r\n", "off", "", false},
		{"", "off", "", false},
		{failed("error_tag=COMMAND ERROR-UNSPECIFIED\r\n\r\nServer power already off."), "off", "", false},
		{failed("error_tag=COMMAND ERROR-UNSPECIFIED\r\n\r\nServer power already on."), "on", "", false},
		{failed("error_tag=COMMAND ERROR-UNSPECIFIED\r\n\r\nServer power already on."), "off", "already on", false},
		{failed("error_tag=COMMAND ERROR-UNSPECIFIED\r\n\r\nnope"), "off", `status "2": "error_tag=COMMAND ERROR-UNSPECIFIED; nope"`, false},
		{failed("error_tag=COMMAND NOT RECOGNIZED"), "off", "does not know the command", true},
		{failed("error_tag=COMMAND NOT SUPPORTED"), "on", "does not know the command", true},
	}
	for _, tt := range tests {
		err := cliAnswer(tt.answer).accepted(tt.state)
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) || errors.Is(err, errUnknownCommand) != tt.unknown {
			t.Errorf("%q for %s: %v, want %q", tt.answer, tt.state, err, tt.want)
		}
	}
}

func TestPrompt(t *testing.T) {
	tests := []struct {
		expression, out string
		want            bool
	}{
		{"", "</>hpiLO-> ", true},
		{"", "</>hpiLO->", true},
		{"", "hpiLO->", true},
		{"", "banner\r\n</system1>hpiLO-> \x1b[K", true},
		{"", "</>hpeiLO-> ", true},
		{"", "[name] MP> ", true},
		{"", "MP>", true},
		{"", "</>hpiLO-> show", false},
		{"", "</>hpiLO-> \r\n", false},
		{"", "Server Name: hpiLO->", false},
		{"", "", false},
		{"hpiLO->", "x</>hpiLO-> ", true},
		{"a|b", "b ", true},
		{"a|b", "bc", false},
		{"^#$", "\r\n# ", false},
		{"^# ?$", "\r\n# ", true},
	}
	for _, tt := range tests {
		if got := cliAnswer(tt.out).endsInPrompt(promptPattern(tt.expression)); got != tt.want {
			t.Errorf("%q ends in the prompt %q: %v", tt.out, tt.expression, got)
		}
	}
}

// FuzzILOSSHAnswer: whatever a BMC says, the state is only what one of its lines
// says in full, and errors are short and on one line.
func FuzzILOSSHAnswer(f *testing.F) {
	for _, seed := range []string{showAnswer, "enabledstate=disabled\r\n", "status=2\r\nstatus_tag=x\r\nServer power already off.\r\n", "status_tag=\nstatus=\n", "\x1b[31m\xff\x00=\r", "EnabledState=enabled\nenabledstate=x\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		out := cliAnswer(text)
		on, err := out.enabledState()
		if err == nil {
			word := []byte("disabled")
			if on {
				word = []byte("enabled")
			}
			clean := terminalCodes.ReplaceAll(text, nil)
			if !bytes.Contains(bytes.ToLower(clean), word) || !out.hasEnabledState() || out.failed() {
				t.Errorf("%q reads as on %v", text, on)
			}
		}
		for _, err := range []error{err, out.accepted("off"), out.accepted("on")} {
			if err != nil && (len(err.Error()) > 1500 || strings.ContainsAny(err.Error(), "\r\n") || !utf8.ValidString(err.Error())) {
				t.Errorf("%q gives the error %q", text, err)
			}
		}
	})
}

// FuzzILOSSHPrompt: a prompt is the last thing on the last line, and what comes
// before it is whole lines.
func FuzzILOSSHPrompt(f *testing.F) {
	f.Add([]byte("User:admin\r\n\r\n</>hpiLO-> "), "")
	f.Add([]byte("\r\n[x] MP> "), "")
	f.Add([]byte("show\r\n\x1b[1m</a>hpeiLO->\x1b[0m"), "")
	f.Add([]byte("a#\nb# "), `#`)
	f.Fuzz(func(t *testing.T, text []byte, expression string) {
		if (ILOSSHConfig{Port: 22, Username: "u", Password: "p", KnownHosts: "/x", Prompt: expression}).Check() != nil {
			return
		}
		prompt := promptPattern(expression)
		out := cliAnswer(text)
		if out.endsInNextPrompt(prompt) && !out.endsInPrompt(prompt) {
			t.Errorf("%q ends in the next prompt and in none", text)
		}
		if expression == "" && out.endsInPrompt(prompt) && !bytes.Contains(terminalCodes.ReplaceAll(text, nil), []byte(">")) {
			t.Errorf("%q ends in a prompt", text)
		}
		if rest := out.withoutLastLine(); !bytes.HasPrefix(text, rest) || len(rest) > 0 && !bytes.ContainsAny(rest[len(rest)-1:], "\r\n") {
			t.Errorf("%q without its last line is %q", text, rest)
		}
		if line := append(bytes.Clone(text), "\r\nx"...); expression == "" && cliAnswer(line).endsInPrompt(prompt) {
			t.Errorf("%q ends in a prompt", line)
		}
	})
}
