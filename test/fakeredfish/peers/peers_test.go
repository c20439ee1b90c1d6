// Package peers holds the stand-in for a Redfish BMC against a client that is not
// ours: the fence_redfish of Debian's fence-agents, in a disposable machine. What
// it makes of the stand-in is what it makes of a BMC.
package peers

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/oneha/oneha/test/fakeredfish"
	"github.com/oneha/oneha/test/inside"
	"github.com/oneha/oneha/test/lab"
)

// peer is a lab and the stand-in for its machines.
type peer struct {
	lab  *lab.Lab
	fake lab.Bind
}

// run starts the stand-in with some options, calls fence_redfish with each list of
// standard input lines, and returns what the calls printed with their exit codes,
// and what the stand-in got.
func (p peer) run(t *testing.T, options string, calls ...string) (said, got string) {
	t.Helper()
	script := "cd /root\n/mnt/fakeredfish -listen 127.0.0.1:8443 -ca ca.pem " + options + ` >got 2>&1 & bmc=$!
for i in $(seq 100); do [ -s ca.pem ] && break; sleep 0.05; done
export REQUESTS_CA_BUNDLE=/root/ca.pem
`
	for _, call := range calls {
		lines := append([]string{"ip=127.0.0.1", "ipport=8443", "username=" + fakeredfish.Username, "password=" + fakeredfish.Password, "power_wait=0"}, strings.Fields(call)...)
		script += fmt.Sprintf("printf '%%s\\n' '%s' | timeout 60 fence_redfish 2>err; echo \"$?\"\n", strings.Join(lines, "' '"))
	}
	script += "kill $bmc; wait $bmc || :; echo ---; cat got\n"
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	r, err := p.lab.Run(ctx, lab.Command{Args: []string{"sh", "-uc", script}, Binds: []lab.Bind{p.fake}})
	if err != nil {
		t.Fatalf("%v\n%s%s", err, r.Stdout, r.Stderr)
	}
	said, got, ok := strings.Cut(r.Stdout, "---\n")
	if !ok {
		t.Fatalf("the script broke off:\n%s%s", r.Stdout, r.Stderr)
	}
	return said, got
}

// commands keeps the power commands of what the stand-in got.
func commands(got string) (list []string) {
	for line := range strings.Lines(got) {
		if c, ok := strings.CutPrefix(strings.TrimSpace(line), "command "); ok {
			list = append(list, c)
		}
	}
	return list
}

func TestFenceRedfish(t *testing.T) {
	p := peer{fake: inside.Build(t, "../cmd/fakeredfish"), lab: inside.Open(t, "redfish", "")}
	tests := []struct {
		name, options string
		calls         []string
		said          string
		commands      []string
	}{
		{
			"every action, certificate verified", "-late 300ms",
			[]string{"action=status", "action=on", "action=off", "action=status", "action=off", "action=monitor", "action=reboot", "action=reboot", "action=status", "action=validate-all"},
			"Status: ON\n0\nSuccess: Already ON\n0\nSuccess: Powered OFF\n0\nStatus: OFF\n2\nSuccess: Already OFF\n0\n0\nSuccess: Rebooted\n0\nSuccess: Rebooted\n0\nStatus: ON\n0\n0\n",
			[]string{"1 ForceOff taken=true", "1 On taken=true", "1 ForceOff taken=true", "1 On taken=true"},
		},
		{
			"system by its path", "-systems 1,2,3",
			[]string{"action=off systems_uri=/redfish/v1/Systems/2", "action=status systems_uri=/redfish/v1/Systems/2", "action=status systems_uri=/redfish/v1/Systems/1"},
			"Success: Powered OFF\n0\nStatus: OFF\n2\nStatus: ON\n0\n",
			[]string{"2 ForceOff taken=true"},
		},
		{"the last of several systems", "-systems 1,2,3", []string{"action=off"}, "Success: Powered OFF\n0\n", []string{"3 ForceOff taken=true"}},
		{"diag", "", []string{"action=diag"}, "Success: Rebooted\n0\n", []string{"1 Nmi taken=true"}},
		{"wrong password", "", []string{"action=off password=nonsense"}, "1\n", nil},
		{"off not carried out", "-ignore", []string{"action=off power_timeout=2"}, "1\n", []string{"1 ForceOff taken=true"}},
		{"off refused", "-rule 'POST .Reset status:500'", []string{"action=off power_timeout=2"}, "1\n", nil},
		{"garbage", "-rule '* * garbage'", []string{"action=off"}, "1\n", nil},
		{"reset", "-rule '* * reset'", []string{"action=status"}, "1\n", nil},
		{"certificate for another name", "-names other.example", []string{"action=status", "action=status ssl_insecure=1"}, "1\nStatus: ON\n0\n", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			said, got := p.run(t, tt.options, tt.calls...)
			if diff := cmp.Diff(tt.said, said); diff != "" {
				t.Errorf("fence_redfish said (-want +got):\n%s\nthe stand-in got:\n%s", diff, got)
			}
			if diff := cmp.Diff(tt.commands, commands(got)); diff != "" {
				t.Errorf("power commands (-want +got):\n%s\nall:\n%s", diff, got)
			}
			if !strings.Contains(got, "sessions open=0 ever=0\n") {
				t.Errorf("sessions, but fence_redfish has none:\n%s", got)
			}
		})
	}
}
