package reliability

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// standIn is in the place of both programs: it writes what it was called with into calls.
// One that HOLD names goes on until it is told to end, or until the test is over.
const standIn = `#!/bin/sh
name=$(basename "$0")
case "$*" in
*-report*)
	[ -e "$(eval echo \"\${$#}\")" ] || exit 1
	echo "report of $name"
	exit ;;
esac
trap 'echo "$name ended" >>calls; exit 1' TERM
echo "$name $*" >>calls
case " $HOLD " in *" $name "*) while [ -d docs ]; do sleep 0.05; done ;; esac
file=out/soak/results.jsonl
[ "$name" = soak ] || file=out/chaos/reliability.jsonl
[ "$name" = "$EMPTY" ] || echo '{}' >>$file
[ "$name" != "$FAIL" ] || { echo "$name is bad"; exit 1; }
`

// script is the script in a checkout of its own, with stand-ins.
func script(t *testing.T, env ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	here, err := filepath.Abs("reliability.sh")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, d := range []string{"bin", "docs"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(dir, "docs/reliability.md"), "of before\n", 0o644)
	for _, name := range []string{"chaos", "soak"} {
		write(t, filepath.Join(dir, "bin", name), standIn, 0o755)
	}
	cmd := exec.CommandContext(t.Context(), here, "bin")
	out := &bytes.Buffer{}
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, out, out
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "SEED=", "ROUNDS=", "AT_ONCE=", "HOLD=", "EMPTY=", "FAIL="}, env...)
	return cmd, out
}

func write(t *testing.T, name, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return string(text)
}

func TestScript(t *testing.T) {
	const page = "report of chaos\n\nreport of soak\n"
	for _, c := range []struct {
		name       string
		env        []string
		code       int
		page, says string
	}{
		{"all is well", nil, 0, page, ""},
		{"a bad round", []string{"FAIL=chaos"}, 1, page, "chaos is bad"},
		{"a bad soak", []string{"FAIL=soak"}, 1, page, "soak is bad"},
		{"a soak without results", []string{"FAIL=soak", "EMPTY=soak"}, 1, "of before\n", "docs/reliability.md is as it was"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cmd, out := script(t, append(c.env, "SEED=5", "AT_ONCE=3")...)
			err := cmd.Run()
			if code := cmd.ProcessState.ExitCode(); code != c.code {
				t.Errorf("exit code %d, want %d: %v\n%s", code, c.code, err, out)
			}
			if got := read(t, filepath.Join(cmd.Dir, "docs/reliability.md")); got != c.page {
				t.Errorf("the page is %q, want %q", got, c.page)
			}
			if !strings.Contains(out.String(), c.says) {
				t.Errorf("it does not say %q:\n%s", c.says, out)
			}
			calls := read(t, filepath.Join(cmd.Dir, "calls"))
			for _, want := range []string{"soak \n", "chaos -seed 5 -at-once 3 -results out/chaos/reliability.jsonl -rounds 200\n", "chaos -seed 5 -at-once 3 -results out/chaos/reliability.jsonl -split 20\n"} {
				if !strings.Contains(calls, want) {
					t.Errorf("there is no call %q in\n%s", want, calls)
				}
			}
		})
	}
}

// Whoever ends the script, in the rounds or when only the soak is left, ends both programs,
// which undo their clusters then.
func TestInterrupted(t *testing.T) {
	for _, hold := range []string{"chaos", "soak", "chaos soak"} {
		t.Run(hold, func(t *testing.T) {
			t.Parallel()
			cmd, out := script(t, "HOLD="+hold)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			calls := filepath.Join(cmd.Dir, "calls")
			begun := "-rounds 200"
			if hold == "soak" {
				begun = "-split 20" // the rounds are over
			}
			for deadline := time.Now().Add(time.Minute); !strings.Contains(read(t, calls), "soak \n") || !strings.Contains(read(t, calls), begun); time.Sleep(10 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("it has not begun:\n%s", read(t, calls))
				}
			}
			if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 1 {
				t.Errorf("it ended with %v\n%s", err, out)
			}
			for _, name := range strings.Fields(hold) {
				if !strings.Contains(read(t, calls), name+" ended\n") {
					t.Errorf("%s was not ended:\n%s\n%s", name, read(t, calls), out)
				}
			}
			if got := read(t, filepath.Join(cmd.Dir, "docs/reliability.md")); got != "of before\n" {
				t.Errorf("the page was written: %q", got)
			}
		})
	}
}
