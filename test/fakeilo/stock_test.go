package fakeilo_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/oneha/oneha/test/fakeilo"
	"github.com/oneha/oneha/test/inside"
	"github.com/oneha/oneha/test/lab"
)

// run runs a shell script in a disposable machine with the fake on port 2222, and
// returns what the script printed and the commands that the fake was given.
func run(t *testing.T, l *lab.Lab, fake lab.Bind, flags, script string) (string, []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	r, err := l.Run(ctx, lab.Command{
		Args: []string{"sh", "-uc", fmt.Sprintf(`ip link set lo up
/mnt/fakeilo -listen 127.0.0.1:2222 %s >/tmp/commands 2>/tmp/errors & fake=$!
until grep -q listening /tmp/errors; do sleep 0.05; kill -0 $fake || { cat /tmp/errors >&2; exit 9; }; done
agent() { action=$1; shift
  printf '%%s\n' ip=127.0.0.1 ipport=2222 username=%s 'password=%s' ssh=1 power_wait=0 "action=$action" "$@" | fence_ilo_ssh 2>&1
  echo "exit $?"; }
%s
kill $fake; wait $fake
echo COMMANDS; cat /tmp/commands
`, flags, fakeilo.Username, fakeilo.Password, script)},
		Binds: []lab.Bind{fake},
	})
	if err != nil {
		t.Fatalf("%v\n%s%s", err, r.Stdout, r.Stderr)
	}
	out, commands, _ := strings.Cut(r.Stdout, "COMMANDS\n")
	return out, strings.Split(strings.TrimSpace(commands), "\n")
}

// linePause keeps the stock agent from a fault of its own: it reads at most 100
// bytes at a time and takes what it has of "enabledstate=..." for all of it, so
// that a machine that is on reads as off where a piece ends inside that word.
const linePause = "-line-pause 10ms "

// The stock fence_ilo_ssh, which talks by pexpect through OpenSSH's client, has to
// take the fake for an iLO: otherwise a test of ours against it would prove
// nothing.
func TestStockAgentTakesItForAnILO(t *testing.T) {
	fake := inside.Build(t, "./cmd/fakeilo")
	l := inside.Open(t, "ilossh", "")

	login := "shell: SMCLP"
	show, off, on := "shell: show /system1", "shell: power off hard", "shell: start /system1"
	tests := []struct {
		name, flags, script string
		want                string
		commands            []string
	}{
		{"status on", "", "agent status", "Status: ON\nexit 0\n", []string{login, show}},
		{"status off", "-off", "agent status", "Status: OFF\nexit 2\n", []string{login, show}},
		{"monitor", "", "agent monitor", "exit 0\n", []string{login, show}},
		{"off", "-late 1s", "agent off", "Success: Powered OFF\nexit 0\n", []string{login, show, off, show, show}},
		{"on", "-off", "agent on", "Success: Powered ON\nexit 0\n", []string{login, show, on, show}},
		{"already off", "-off", "agent off", "Success: Already OFF\nexit 0\n", []string{login, show}},
		{"reboot", "", "agent reboot", "Success: Rebooted\nexit 0\n", []string{login, show, off, show, on, show}},
		{"cycle", "", "agent reboot method=cycle", "Success: Rebooted\nexit 0\n", []string{login, show, "shell: reset /system1 hard", show}},
		{"management processor", "-mp", "agent status", "Status: ON\nexit 0\n", []string{login, show}},
		{"exec by OpenSSH", "", `printf '#!/bin/sh\necho "%s"\n' '` + fakeilo.Password + `' >/tmp/ask; chmod 700 /tmp/ask
SSH_ASKPASS=/tmp/ask SSH_ASKPASS_REQUIRE=force ssh -o StrictHostKeyChecking=no -p 2222 ` + fakeilo.Username + `@127.0.0.1 "show /system1" 2>/dev/null | grep -c enabledstate=enabled; echo "exit $?"`,
			"1\nexit 0\n", []string{"exec: show /system1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, commands := run(t, l, fake, linePause+tt.flags, tt.script)
			if diff := cmp.Diff(tt.want, out); diff != "" {
				t.Errorf("output (-want +got):\n%s", diff)
			}
			// The number of polls depends on the time they take, and the stock agent
			// hangs up without waiting for its "exit" to arrive.
			if diff := cmp.Diff(squeeze(tt.commands), squeeze(commands)); diff != "" {
				t.Errorf("commands (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("off refused", func(t *testing.T) {
		out, _ := run(t, l, fake, linePause+"-refuse-off", "agent off power_timeout=2")
		if !strings.Contains(out, "Timed out waiting to power OFF") || !strings.HasSuffix(out, "exit 1\n") {
			t.Errorf("output: %s", out)
		}
	})
}

// squeeze leaves one of equal commands in a row and drops the last "exit".
func squeeze(commands []string) []string {
	var out []string
	for i, c := range commands {
		if c == "shell: exit" && i == len(commands)-1 {
			break
		}
		if i == 0 || c != commands[i-1] {
			out = append(out, c)
		}
	}
	return out
}
