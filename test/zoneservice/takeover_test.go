package zoneservice

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/oneha/oneha/internal/vmha/incident"
	"github.com/oneha/oneha/internal/vmha/settings"
)

// missedUnit handles hosts that no hook has handled.
const missedUnit = "oneha-hook-missed.service"

// looked waits until the guard of a new leader has logged what the takeover has left.
func (z *zone) looked(leader string, since time.Time) {
	z.t.Helper()
	z.wait("the guard of "+leader+" to log what the takeover has left", func(ctx context.Context) string {
		out, err := z.Shell(ctx, leader, fmt.Sprintf("journalctl --no-pager -o cat -u %s --since @%d", guard, since.Unix()))
		if err != nil || !strings.Contains(out, "after the takeover of ") || !strings.Contains(out, ": oneha recover --ssh --vm ") {
			return fmt.Sprintf("it says %v\n%s", err, out)
		}
		return ""
	})
}

// interruptedHook leaves on every server what a host error hook leaves that was broken off
// after its host was fenced, and settings that have missed hosts handled.
func (z *zone) interruptedHook() {
	z.t.Helper()
	for _, s := range z.Servers() {
		z.shell(s, "install -d -m "+fmt.Sprintf("%o", settings.DirMode)+" -o root -g oneadmin "+settings.Dir+
			" && echo 'missed: handle' >"+settings.DefaultFile+" && chown root:oneadmin "+settings.DefaultFile+" && chmod 640 "+settings.DefaultFile+
			" && install -d -m 755 -o oneadmin -g oneadmin /var/log/one && install -d -m 700 -o oneadmin -g oneadmin "+incident.DefaultDir+
			` && printf '{"at":"2026-01-01T00:00:00Z","step":"begin","name":"h0"}\n{"at":"2026-01-01T00:01:00Z","step":"waited"}\n{"at":"2026-01-01T00:02:00Z","step":"fenced"}\n' >`+
			incident.DefaultDir+"/0.json && chown oneadmin:oneadmin "+incident.DefaultDir+"/0.json")
	}
}

// handled looks that the new leader has the host handled by the hook's own command: by
// a unit of its own, as oneadmin, who owns what it writes.
func (z *zone) handled() {
	z.t.Helper()
	leader := z.settled()
	log := "/var/log/one/host_error.log"
	z.wait("a hook on "+leader+" for the host that was missed", func(ctx context.Context) string {
		out, err := z.Shell(ctx, leader, "stat -c %U "+log+" && grep -q 'Hook launched' "+log+" && systemctl show --property User "+missedUnit)
		if err != nil || !strings.HasPrefix(out, "oneadmin\n") || !strings.Contains(out, "User=") {
			text, _ := z.Shell(ctx, leader, "cat "+log+"; systemctl status --no-pager "+missedUnit+"; journalctl --no-pager -o cat -u "+missedUnit+" -u "+guard+" | tail -40")
			return fmt.Sprintf("%v %s\n%s", err, out, text)
		}
		return ""
	})
	z.t.Logf("%s on %s:\n%s", missedUnit, leader, z.shell(leader, "journalctl --no-pager -o cat -u "+missedUnit))
}
