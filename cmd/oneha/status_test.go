package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"github.com/oneha/oneha/internal/lint"
	tty "github.com/oneha/oneha/internal/screen"
	"github.com/oneha/oneha/internal/status"
)

func TestPace(t *testing.T) {
	for text, want := range map[string]time.Duration{"true": 2 * time.Second, "5": 5 * time.Second, "0.5": 500 * time.Millisecond, "3s": 3 * time.Second, "86400": 24 * time.Hour} {
		var p pace
		if err := p.Set(text); err != nil || time.Duration(p) != want {
			t.Errorf("%s: %s, %v, want %s", text, time.Duration(p), err, want)
		}
	}
	for _, text := range []string{"", "0", "-1", "0.1", "NaN", "Inf", "86401", "1e300", "x", "5 s"} {
		if err := new(pace).Set(text); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
}

func TestStatusError(t *testing.T) {
	for verdict, want := range map[status.Verdict]error{status.OK: nil, status.Degraded: errFindings, status.Down: errFindings, status.Unknown: errNoCluster} {
		if got := statusError(status.Report{Verdict: verdict}); !errors.Is(got, want) {
			t.Errorf("%s: %v, want %v", verdict, got, want)
		}
	}
}

// The rules that status applies are there: their texts are what it compares its own
// problems with.
func TestStatusRules(t *testing.T) {
	for _, id := range statusRules {
		if _, ok := lint.Named(id); !ok {
			t.Errorf("there is no rule %s", id)
		}
	}
	found := leftovers("n1", []byte(`<cib><configuration><crm_config/><nodes><node id="1" uname="n1"><instance_attributes id="a"><nvpair id="b" name="standby" value="on"/></instance_attributes></node></nodes><resources/><constraints/></configuration><status/></cib>`))
	if len(found) != 1 || found[0].What != "node n1 is in standby" {
		t.Errorf("found %v", found)
	}
}

// Each look is one line of JSON, until it is interrupted; a look that was cut short is
// not shown.
func TestWatchJSON(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var out bytes.Buffer
	looks := 0
	to := tool{stdout: &out, stderr: &out}
	err := watch(ctx, to, time.Millisecond, true, to.watchedStatus(func(context.Context) status.Report {
		if looks++; looks == 4 {
			cancel()
			return status.Report{Verdict: status.Unknown}
		}
		return status.Report{Verdict: status.Degraded, Summary: "a\nb"}
	}))
	if !errors.Is(err, errFindings) {
		t.Errorf("error %v, want that of the last whole look", err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 3 {
		t.Fatalf("%d lines:\n%s", len(lines), &out)
	}
	for _, line := range lines {
		var r status.Report
		if err := json.Unmarshal([]byte(line), &r); err != nil || r.Verdict != status.Degraded {
			t.Errorf("%q: %v", line, err)
		}
	}
}

// sequences are those that the watch may use: the other screen and the one before, the
// cursor hidden and shown, home and on the next line, erase to the end of the line or
// all of the screen, and colours.
var sequences = regexp.MustCompile("\x1b\\[(\\?1049[hl]|\\?25[hl]|H|2J|K|E|[0-9;]*m)")

// On a terminal each look is drawn over the one before, and Ctrl-C leaves it sane.
func TestWatchOnATerminal(t *testing.T) {
	bin := t.TempDir()
	const noCluster = "#!/bin/sh\necho '<pacemaker-result/>'\nexit 102\n"
	for _, name := range []string{"crm_mon", "cibadmin", "stonith_admin", "crmadmin", "corosync-cfgtool"} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte(noCluster), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cmd := program(t, "status", "--watch=0.5")
	cmd.Env = append(cmd.Env, "PATH="+bin+":"+os.Getenv("PATH"), "NO_COLOR=", "LC_ALL=C")
	s := openScreen(t, cmd)
	if err := unix.IoctlSetWinsize(int(s.person.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 6, Col: 50}); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); strings.Count(s.text(), "\x1b[H") < 3; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never drawn three times: %q", s.text())
		}
	}
	if _, err := s.person.WriteString("\x03"); err != nil {
		t.Fatal(err)
	}
	if code := exitOf(t, cmd); code != exitTrouble {
		t.Errorf("exit code %d, want %d", code, exitTrouble)
	}
	text := s.text()
	for end := time.Now().Add(30 * time.Second); !strings.Contains(text, "oneha: "); text = s.text() { // what it said last
		if time.Now().After(end) {
			t.Fatalf("it does not say why it ended: %q", text)
		}
		time.Sleep(10 * time.Millisecond)
	}
	if n := strings.Count(text, "\x1b[2J"); n < 1 || n > 2 { // its size may have been set after the first look
		t.Errorf("the screen is cleared %d times, want once, and again for another size", n)
	}
	drawn, left, _ := strings.Cut(text, "\x1b[?25h\x1b[?1049l")
	if !strings.HasPrefix(drawn, "\x1b[?1049h\x1b[?25l") {
		t.Errorf("the terminal's own screen is drawn over: %q", drawn)
	}
	if rest := sequences.ReplaceAllString(text, ""); strings.Contains(rest, "\x1b") {
		t.Errorf("other sequences: %q", rest)
	}
	last, _, _ := strings.Cut(sequences.ReplaceAllString(left, ""), "oneha: ")
	lines := strings.Split(strings.TrimRight(last, "\r\n"), "\r\n")
	if len(lines) > 5 || !strings.Contains(last, "more lines") {
		t.Errorf("%d lines in a terminal of 6: %q", len(lines), last)
	}
	for _, line := range lines {
		if len(line) > 49 {
			t.Errorf("%d columns in a terminal of 50: %q", len(line), line)
		}
	}
}

// glass is a terminal as far as the watch uses one.
type glass struct {
	lines       [][]rune
	row, column int
	scrolled    bool
}

func newGlass(columns, rows int) *glass {
	g := &glass{}
	for range rows {
		g.lines = append(g.lines, []rune(strings.Repeat(" ", columns)))
	}
	return g
}

// erase blanks a line from a column on.
func (g *glass) erase(row, from int) {
	for i := from; i < len(g.lines[row]); i++ {
		g.lines[row][i] = ' '
	}
}

func (g *glass) Write(data []byte) (int, error) {
	text := string(data)
	for text != "" {
		if at := sequences.FindStringIndex(text); at != nil && at[0] == 0 {
			switch text[:at[1]] {
			case "\x1b[H":
				g.row, g.column = 0, 0
			case "\x1b[E":
				g.row, g.column = min(g.row+1, len(g.lines)-1), 0
			case "\x1b[K":
				g.erase(g.row, g.column)
			case "\x1b[2J":
				for row := range g.lines {
					g.erase(row, 0)
				}
			}
			text = text[at[1]:]
			continue
		}
		r, size := utf8.DecodeRuneInString(text)
		text = text[size:]
		switch {
		case r == '\r':
			g.column = 0
		case r == '\n' && g.row == len(g.lines)-1, g.column == len(g.lines[g.row]):
			g.scrolled = true
		case r == '\n':
			g.row++
		default:
			g.lines[g.row][g.column] = r
			g.column++
		}
	}
	return len(data), nil
}

func (g *glass) String() string {
	var b strings.Builder
	for _, line := range g.lines {
		b.WriteString(strings.TrimRight(string(line), " ") + "\n")
	}
	return b.String()
}

// What a terminal of 80 columns and 24 lines shows while the active node hangs and after
// that, drawn one over the other. The reports are of the lab.
func TestFrames(t *testing.T) {
	g := newGlass(80, 24)
	s, err := tty.Open(g, func() (int, int) { return 80, 24 })
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"during", "after"} {
		data, err := os.ReadFile(filepath.Join("testdata", "status", name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		var r status.Report
		if err := json.Unmarshal(data, &r); err != nil {
			t.Fatal(err)
		}
		r.Time = r.Time.UTC()
		for _, color := range []bool{true, false} {
			if err := s.Draw(status.Render(r, status.Style{Width: 79, Color: color, UTF8: true})); err != nil {
				t.Fatal(err)
			}
		}
		if g.scrolled || strings.Contains(g.String(), "more lines") {
			t.Errorf("%s: it does not fit", name)
		}
		file := filepath.Join("testdata", "status", name+".screen")
		if *update {
			if err := os.WriteFile(file, []byte(g.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if g.String() != string(want) {
			t.Errorf("%s differs, -update writes it:\n%s", file, g)
		}
	}
}
