package conformance

import (
	"strings"
	"testing"

	"github.com/oneha/oneha/test/fakeoned"
)

// functions for the scripts: not, since "set -e" does not see that a "!" failed;
// and crash, which leaves oned dead, without the restart that systemd has in mind
// and with all its starts.
const functions = `not() { if "$@"; then echo "unexpected: $*" >&2; return 1; fi; }
crash() {
	systemctl kill --signal=KILL opennebula.service
	timeout 5 sh -c 'until [ "$(systemctl show -P SubState opennebula.service)" = auto-restart ]; do sleep 0.1; done'
	systemctl stop opennebula.service
	systemctl reset-failed opennebula.service
}
`

// The stand-in under a real systemd: what the agents' tests rely on.
func TestStandIn(t *testing.T) {
	m := bootMachine(t)
	installFakeOpenNebula(t, m)
	for _, step := range []struct{ name, script string }{
		{"oned's start pulls in its companions", `systemctl start opennebula.service
for unit in opennebula-hem.service opennebula-scheduler.service opennebula-ssh-agent.service opennebula-showback.timer; do
	timeout 5 sh -c "until systemctl is-active --quiet $unit; do sleep 0.1; done"
done
[ "$(cat /proc/$(systemctl show -P MainPID opennebula.service)/comm)" = oned ]
[ -e ` + fakeoned.LockFile + ` ] && head -c 15 ` + fakeoned.SQLiteFile + ` | grep -q "SQLite format 3"`},
		{"hem connects", `timeout 5 sh -c 'until journalctl -u opennebula-hem.service | grep -q "connected to 127.0.0.1:2102"; do sleep 0.1; done'
journalctl -u opennebula-hem.service | grep -q "connected to 127.0.0.1:2101"
journalctl -u opennebula.service | grep -q "not OpenNebula, listens on"`},
		{"every other service starts", `systemctl start opennebula-sunstone opennebula-fireedge opennebula-gate opennebula-flow opennebula-form opennebula-ks
systemctl start oneha-test-database opennebula-showback
systemctl is-active opennebula-novnc opennebula-guacd
sleep 0.5
systemctl --failed --plain --no-legend >/tmp/failed
not grep -E 'opennebula|oneha' /tmp/failed`},
		{"oned's stop leaves its companions", `systemctl stop opennebula.service
not [ -e ` + fakeoned.LockFile + ` ]
systemctl is-active opennebula-hem.service opennebula-scheduler.service opennebula-showback.timer`},
		{"a missing credentials file fails the start", `systemctl stop opennebula-flow
mv /var/lib/one/.one/oneflow_auth /tmp
not systemctl start opennebula-flow
mv /tmp/oneflow_auth /var/lib/one/.one
systemctl start opennebula-flow`},
		{"a crash leaves a lock, which the next start removes", `systemctl start opennebula.service
crash
[ -e ` + fakeoned.LockFile + ` ]
systemctl start opennebula.service`},
		{"unless a PID file or a drop-in keeps it", `for keep in pid dropin; do
	crash
	if [ $keep = pid ]; then touch ` + fakeoned.PIDFile + `; else
		mkdir -p /run/systemd/system/opennebula.service.d
		printf '` + strings.ReplaceAll(fakeoned.KeepLock, "\n", `\n`) + `' >/run/systemd/system/opennebula.service.d/keep.conf
		systemctl daemon-reload
	fi
	not systemctl start opennebula.service
	[ "$(systemctl show -P ExecMainStatus opennebula.service)" = 255 ]
	systemctl stop opennebula.service
	rm -f ` + fakeoned.PIDFile + ` ` + fakeoned.LockFile + `
	systemctl reset-failed opennebula.service
	systemctl start opennebula.service
done
journalctl -u opennebula.service | grep -q "Error: Cannot start oned, opening lock file ` + fakeoned.LockFile + `"`},
	} {
		if !t.Run(step.name, func(t *testing.T) { in(t, m, functions+step.script) }) {
			t.Fatal(in(t, m, "journalctl --no-pager -n 40; systemctl list-units 'opennebula*' --all --no-pager"))
		}
	}
}
