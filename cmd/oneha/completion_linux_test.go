package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// shellProgram is a shell that knows the program by its name, in a directory with a
// description and other files.
func shellProgram(t *testing.T, shell string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := exec.LookPath(shell)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is missing: test/setup.sh lab installs it", shell)
		}
		t.Skipf("%s is missing: test/setup.sh lab installs it", shell)
	}
	oneha := program(t)
	cmd := exec.Command(path, args...)
	cmd.Dir = filepath.Dir(oneha.Path)
	cmd.Env = append(oneha.Env, "HOME="+cmd.Dir, "ZDOTDIR="+cmd.Dir, "XDG_CONFIG_HOME="+cmd.Dir, "XDG_DATA_HOME="+cmd.Dir, "XDG_DATA_DIRS="+cmd.Dir,
		"PATH="+cmd.Dir+":"+os.Getenv("PATH"), "LC_ALL=C.UTF-8")
	text, err := os.ReadFile("../../examples/raft.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"raft.yaml": string(text), "ratio.txt": "", "sub dir/odd name.yaml": ""} {
		file := filepath.Join(cmd.Dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cmd
}

// What a shell on a terminal makes of keys that are typed; show prints its arguments.
var typedKeys = []struct{ keys, want string }{
	{"show raft le\t", "<raft><leave>"},
	{"show apply --no\t", "<apply><--no-failures>"},
	{"show check ra\t", "<check><raft.yaml>"}, // and not ratio.txt
	{"show check sub\todd\t", "<check><sub dir/odd name.yaml>"},
	{"show import rati\t", "<import><ratio.txt>"},
	{"show raft leave --file=raf\t server-2\t", "<raft><leave><--file=raft.yaml><server-2>"},
	{"show raft leave --file=raft.yaml ser\t2\t", "<raft><leave><--file=raft.yaml><server-2>"},
	{"show check --rules F01,F10\t", "<check><--rules><F01,F10>"},
	{"show explain 'nodes.*.bmc.\t", "<explain><nodes.*.bmc.url>"},
	{"show recover explain PROLOG_MIGRATE_SUSPEND_\t", "<recover><explain><PROLOG_MIGRATE_SUSPEND_FAILURE>"},
}

// show is a command that is completed like oneha.
const show = "show() { if [ \"$1\" = completion ]; then oneha \"$@\"; else printf '<%s>' \"$@\"; echo; fi; }\n"

// typeInto types all keys into a shell, each line after the prompt of its number.
func typeInto(t *testing.T, cmd *exec.Cmd) {
	s := openScreen(t, cmd)
	ended := false
	t.Cleanup(func() {
		if !ended {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	})
	for i, test := range typedKeys {
		s.await(t, fmt.Sprintf("ready %d> ", i+1))
		before := len(s.text())
		if _, err := s.person.WriteString(test.keys + "\r"); err != nil {
			t.Fatal(err)
		}
		s.await(t, fmt.Sprintf("ready %d> ", i+2))
		if got := s.text()[before:]; !strings.Contains(got, test.want+"\r\n") {
			t.Errorf("%q: no %s in:\n%q", test.keys, test.want, got)
		}
	}
	if _, err := s.person.WriteString("exit\r"); err != nil {
		t.Fatal(err)
	}
	ended = true
	exitOf(t, cmd)
}

func TestCompletionInBash(t *testing.T) {
	cmd := shellProgram(t, "bash", "--noprofile", "--rcfile", "rc", "-i")
	rc := "PROMPT_COMMAND='n=$((n+1))' PS1='ready $n> '\nsource <(oneha completion bash)\n" + show + "complete -F _oneha show\n"
	if err := os.WriteFile(filepath.Join(cmd.Dir, "rc"), []byte(rc), 0o600); err != nil {
		t.Fatal(err)
	}
	typeInto(t, cmd)
}

func TestCompletionInZsh(t *testing.T) {
	cmd := shellProgram(t, "zsh", "--no-global-rcs", "-i")
	rc := "setopt prompt_subst no_beep\nprecmd() { n=$((n+1)) }\nPS1='ready $n> '\nautoload -U compinit && compinit -u -D\nsource <(oneha completion zsh)\n" + show + "compdef _oneha show\n"
	if err := os.WriteFile(filepath.Join(cmd.Dir, ".zshrc"), []byte(rc), 0o600); err != nil {
		t.Fatal(err)
	}
	typeInto(t, cmd)
}

// The file as the packages install it: found by its name.
func TestCompletionInZshByItsFile(t *testing.T) {
	cmd := shellProgram(t, "zsh", "--no-global-rcs", "-i")
	rc := "setopt prompt_subst no_beep\nprecmd() { n=$((n+1)) }\nPS1='ready $n> '\noneha completion zsh >_oneha\nfpath=($PWD $fpath)\nautoload -U compinit && compinit -u -D\n" + show + "compdef _oneha show\n"
	if err := os.WriteFile(filepath.Join(cmd.Dir, ".zshrc"), []byte(rc), 0o600); err != nil {
		t.Fatal(err)
	}
	typeInto(t, cmd)
}

// fish says without a terminal what it would show.
func TestCompletionInFish(t *testing.T) {
	for _, test := range []struct{ typed, want string }{
		{"oneha raft le", "leave\ttake a server out of the zone\n"},
		{"oneha apply --no", "--no-failures\tdo not work out what each failure will do\n"},
		{"oneha check ra", "raft.yaml\n"},
		{"oneha check 'sub dir/o", "sub dir/odd name.yaml\n"},
		{"oneha check sub\\ dir/o", "sub dir/odd name.yaml\n"},
		{"oneha import rati", "ratio.txt\n"},
		{"oneha generate raft.yaml -o su", "sub dir/\tDirectory\n"},
		{"oneha raft leave --file=raf", "--file=raft.yaml\n"},
		{"oneha raft leave --file=raft.yaml server-2", "server-2\t192.168.150.3\n"},
		{"oneha check --rules F01,F10", "F01,F10\t"},
		{"oneha sync --mode=ra", "--mode=raft\n"},
		{"oneha explain nodes.*.bmc.", "nodes.*.bmc.url\tThe BMC's address, where bmc is a map because this node's account differs from the others'\n"},
	} {
		cmd := shellProgram(t, "fish", "--no-config", "-c", `oneha completion fish | source; complete -C $argv[1]`, test.typed)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		run := exec.CommandContext(ctx, cmd.Path, cmd.Args[1:]...)
		run.Dir, run.Env, run.WaitDelay = cmd.Dir, cmd.Env, time.Second
		out, err := run.CombinedOutput()
		cancel()
		if err != nil {
			t.Fatalf("%s: %v: %s", test.typed, err, out)
		}
		if got := string(out); got != test.want && !(strings.HasSuffix(test.want, "\t") && strings.HasPrefix(got, test.want) && strings.Count(got, "\n") == 1) {
			t.Errorf("%s: got %q, want %q", test.typed, got, test.want)
		}
	}
}
