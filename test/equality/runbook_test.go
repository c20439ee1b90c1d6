package equality

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/oneha/oneha/internal/runbook"
	"github.com/oneha/oneha/internal/spec"
	"github.com/oneha/oneha/internal/target"
	"github.com/oneha/oneha/test/equality/chamber"
	"github.com/oneha/oneha/test/examples"
)

// elsewhere are programs and packages of a runbook that the root file systems lack
// and that a Debian has in that package.
var elsewhere = map[string]string{
	"corosync-qdevice-tool": "corosync-qdevice", "corosync-qdevice-net-certutil": "corosync-qdevice",
	"scp": "openssh-client", "oneha": "oneha",
	"corosync-qdevice": "corosync-qdevice", "corosync-qnetd": "corosync-qnetd",
}

// builtin are words of the shell.
var builtin = []string{"read", "unset", "printf", "cd", "IFS="}

// TestRunbookOfTheSample and TestRunbook: the target that is detected in a release's root file
// system is that of the table, and every program, option and package that its
// runbooks name is there.
func TestRunbookOfTheSample(t *testing.T) {
	checkRunbooks(t, sampleRoot(t), "debian-12")
}

func TestRunbook(t *testing.T) {
	if os.Getenv("ONEHA_EQUALITY") != "all" {
		t.Skip("needs the root file systems of all releases: run make equality")
	}
	for release, name := range map[string]string{"bullseye": "debian-11", "bookworm": "debian-12", "trixie": "debian-13"} {
		t.Run(release, func(t *testing.T) { checkRunbooks(t, rootOf(t, release), name) })
	}
}

func checkRunbooks(t *testing.T, root, name string) {
	c := open(t, root)
	room, err := c.Room()
	if err != nil {
		t.Fatal(err)
	}
	found, err := target.Detect(t.Context(), os.DirFS(root), inside(room))
	if err != nil {
		t.Fatal(err)
	}
	table, _ := target.Named(name)
	if found.Release != name {
		t.Errorf("detected %s, want %s", found.Release, name)
	}
	for _, tool := range target.Tools {
		seen, said := found.Version(tool), table.Target().Version(tool)
		if !seen.From(said.Min) || !seen.Until(after(said.Max)) {
			t.Errorf("%s has %s %s, the table says %s", name, tool, seen, said)
		}
	}

	programs, packages := map[string]bool{}, map[string]bool{}
	options := map[string]map[string]bool{} // of Pacemaker's programs
	for _, commands := range commandsOf(t, table.Target()) {
		for _, line := range commands {
			if names, ok := strings.CutPrefix(line, table.Install()+" "); ok {
				for _, p := range strings.Fields(names) {
					packages[p] = true
				}
			}
			for _, simple := range simpleCommands(line) {
				words := strings.Fields(simple)
				programs[words[0]] = true
				for _, w := range words[1:] {
					if strings.HasPrefix(w, "--") && (strings.HasPrefix(words[0], "crm_") || words[0] == "cibadmin" || words[0] == "stonith_admin") {
						if options[words[0]] == nil {
							options[words[0]] = map[string]bool{}
						}
						options[words[0]][w] = true
					}
				}
			}
		}
	}
	if len(programs) < 30 || len(packages) < 8 || len(options) < 4 {
		t.Fatalf("too little was read: %d programs, %d packages, %d with options", len(programs), len(packages), len(options))
	}
	script := ""
	for p := range programs {
		if !slices.Contains(builtin, p) && elsewhere[p] == "" {
			script += "command -v " + p + " >/dev/null || echo MISSING program " + p + "\n"
		}
	}
	for p := range packages {
		if elsewhere[p] == "" {
			script += "dpkg -s " + p + " >/dev/null 2>&1 || echo MISSING package " + p + "\n"
		}
	}
	for p, names := range options {
		script += p + " --help-all >help 2>&1 || " + p + " --help >help 2>&1 || :\n"
		for o := range names {
			script += "grep -q -e '" + o + "\\b' help || echo MISSING option " + p + " " + o + "\n"
		}
	}
	out, err := room.Run(t.Context(), "set +x\n"+script)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, "MISSING") {
			t.Errorf("%s: %s", name, line)
		}
	}
}

// after is the first version behind the upper end of a range.
func after(v target.Version) target.Version {
	v[3]++
	return v
}

// inside runs programs in a room.
func inside(room chamber.Room) target.Runner {
	return func(ctx context.Context, name string, args ...string) ([]byte, error) {
		if _, err := room.Run(ctx, name+" "+strings.Join(args, " ")+" >out 2>/dev/null"); err != nil {
			return nil, err
		}
		return room.Get("out")
	}
}

// commandsOf are those of every step of every example's runbooks.
func commandsOf(t *testing.T, on target.Target) (all [][]string) {
	t.Helper()
	for _, file := range examples.Pacemaker(t, "../../examples") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		c, findings := spec.Parse(file, text)
		if findings.HasErrors() {
			t.Fatal(findings)
		}
		for _, loader := range []string{"pcs", "crm"} {
			r, err := runbook.Build(c, on, runbook.Options{Loader: loader})
			if err != nil {
				t.Fatal(err)
			}
			for _, chapter := range r.Chapters {
				for _, s := range chapter.Steps {
					all = append(all, s.Commands)
				}
			}
		}
	}
	return all
}

var quotes = regexp.MustCompile(`'[^']*'|"[^"]*"`)

// simpleCommands are the parts of a line between the shell's operators, without what
// stands in quotes, assignments and redirections.
func simpleCommands(line string) (commands []string) {
	line = quotes.ReplaceAllString(line, "Q")
	for _, part := range regexp.MustCompile(`&&|\|\||[|;]`).Split(line, -1) {
		var words []string
		for _, w := range strings.Fields(part) {
			assigned := len(words) == 0 && strings.Contains(w, "=")
			if !assigned && !strings.HasPrefix(w, ">") {
				words = append(words, w)
			}
		}
		if len(words) > 0 {
			commands = append(commands, strings.Join(words, " "))
		}
	}
	return commands
}

func TestSimpleCommands(t *testing.T) {
	for line, want := range map[string]string{
		`stty -echo; IFS= read -r p; printf '%s; x\n' "$p" >/etc/f`: "[stty -echo read -r p printf Q Q]",
		`grep -A 1 '|' f | grep -E 'a|b' && x --y`:                  "[grep -A 1 Q f grep -E Q x --y]",
	} {
		if got := fmt.Sprint(simpleCommands(line)); got != want {
			t.Errorf("%s: %s, want %s", line, got, want)
		}
	}
}
