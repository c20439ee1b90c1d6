package bmc

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// cliAnswer is what iLO's command line wrote, as it came.
type cliAnswer []byte

// defaultPrompt is "</>hpiLO->" (iLO 2 to 6) or "</>hpeiLO->" (iLO 7) with the
// current target in front, or Integrity's "MP>" with the machine's name.
var defaultPrompt = regexp.MustCompile(`^(?:(?:<[^<>]*>)?hpe?iLO->|(?:.*\s)?MP>)\s*$`)

// promptPattern matches a last line that ends in what the user gave.
func promptPattern(expression string) *regexp.Regexp {
	if expression == "" {
		return defaultPrompt
	}
	return regexp.MustCompile(`(?:` + expression + `)\s*$`) // compiled by Check before
}

// terminalCodes are the escape sequences of terminals (ECMA-48, 5.4) and NULs.
var terminalCodes = regexp.MustCompile("\x1b\\[[0-?]*[ -/]*[@-~]|\x1b[@-Z\\\\-_]|\x00")

// lines splits an answer at its line ends, whichever of CR LF, LF and CR it uses.
// The last line has no end yet.
func (out cliAnswer) lines() []string {
	text := string(terminalCodes.ReplaceAll(out, nil))
	text = strings.ReplaceAll(text, "\r\n", "\n")
	return strings.Split(strings.ReplaceAll(text, "\r", "\n"), "\n")
}

// endsInPrompt reports whether the shell waits for a command.
func (out cliAnswer) endsInPrompt(prompt *regexp.Regexp) bool {
	all := out.lines()
	return prompt.MatchString(all[len(all)-1])
}

// endsInNextPrompt is endsInPrompt after a command was sent: a prompt on the
// first line is the old one, drawn again.
func (out cliAnswer) endsInNextPrompt(prompt *regexp.Regexp) bool {
	return bytes.ContainsRune(out, '\n') && out.endsInPrompt(prompt)
}

// withoutLastLine is the answer without the prompt at its end.
func (out cliAnswer) withoutLastLine() cliAnswer {
	return out[:bytes.LastIndexAny(out, "\r\n")+1]
}

// atManagementProcessor reports whether the prompt is Integrity's own.
func (out cliAnswer) atManagementProcessor() bool {
	return bytes.HasSuffix(bytes.TrimSpace(out), []byte("MP>"))
}

// property finds a "name=value" line, whatever the case of the name. Only whole
// lines count: the rest of the last one may still be on its way.
func (out cliAnswer) property(name string) (values []string) {
	all := out.lines()
	for _, line := range all[:len(all)-1] {
		key, value, ok := strings.Cut(line, "=")
		if ok && strings.EqualFold(strings.TrimSpace(key), name) {
			values = append(values, strings.TrimSpace(value))
		}
	}
	return values
}

func (out cliAnswer) hasEnabledState() bool {
	return out.property("EnabledState") != nil || out.failed()
}

func (out cliAnswer) hasStatus() bool {
	return out.property("status") != nil && out.property("status_tag") != nil
}

// failed reports whether the BMC said that the command did not work.
func (out cliAnswer) failed() bool {
	status := out.property("status")
	return out.hasStatus() && status[0] != "0"
}

// enabledState reads the answer of "show /system1". Only the words enabled and
// disabled count: the standard has others, such as EnabledButOffline, that are
// neither on nor off (DMTF, CIM_EnabledLogicalElement).
func (out cliAnswer) enabledState() (on bool, err error) {
	if out.failed() {
		return false, out.complaint()
	}
	states := out.property("EnabledState")
	if len(states) == 0 {
		return false, fmt.Errorf("the BMC's answer has no EnabledState: %s", out.excerpt())
	}
	for _, s := range states[1:] {
		if !strings.EqualFold(s, states[0]) {
			return false, fmt.Errorf("the BMC reports two different states, EnabledState=%.40q and %.40q", states[0], s)
		}
	}
	switch strings.ToLower(states[0]) {
	case "enabled":
		return true, nil
	case "disabled":
		return false, nil
	}
	return false, fmt.Errorf("the BMC reports EnabledState=%.40q, neither enabled nor disabled", states[0])
}

var errUnknownCommand = errors.New("the BMC does not know the command")

// accepted reads the answer to a power command. An answer without a status
// passes: the caller reads the state afterwards in any case.
func (out cliAnswer) accepted(state string) error {
	if !out.failed() {
		return nil
	}
	// iLO: "Server power already off."
	if strings.Contains(strings.ToLower(strings.Join(out.lines(), "\n")), "power already "+state) {
		return nil
	}
	err := out.complaint()
	for _, tag := range out.property("error_tag") {
		if tag := strings.ToUpper(tag); strings.Contains(tag, "NOT RECOGNIZED") || strings.Contains(tag, "NOT SUPPORTED") {
			return fmt.Errorf("%w: %w", errUnknownCommand, err)
		}
	}
	return fmt.Errorf("%w: check that the user has the privilege Virtual Power and Reset", err)
}

// complaint is the error of an answer that failed: its status and what follows.
func (out cliAnswer) complaint() error {
	var said []string
	begun := false
	for _, line := range out.lines() {
		line = strings.TrimSpace(line)
		key, _, _ := strings.Cut(line, "=")
		switch key = strings.ToLower(key); {
		case key == "status":
			begun = true
		case begun && key != "" && key != "status_tag":
			said = append(said, line)
		}
	}
	return fmt.Errorf("the BMC answers status %.20q: %s", out.property("status")[0], cliAnswer(strings.Join(said, "; ")).excerpt())
}

// excerpt quotes the beginning of what the BMC said, on one line.
func (out cliAnswer) excerpt() string {
	text := strings.Join(strings.Fields(strings.Join(out.lines(), " ")), " ")
	switch {
	case text == "":
		return "nothing"
	case len(text) > 120:
		return fmt.Sprintf("%q ...", text[:120])
	}
	return fmt.Sprintf("%q", text)
}
