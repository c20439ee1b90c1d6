package random

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// liars are agents that do something wrong, as shell scripts around the real one,
// which $REAL is, and the rule that each has to be caught by.
var liars = []struct{ name, script, rule string }{
	{"stop leaves the address", `[ $1 = stop ] && exit 0`, "stop: wrong state"},
	{"stop removes it from one place only", `[ $1 = stop ] && { ip addr del "$OCF_RESKEY_ip/24" dev n0; ip addr del "$OCF_RESKEY_ip/64" dev n0; exit 0; } 2>/dev/null`, "stop: wrong state"},
	{"stop drops the secondary addresses", `[ $1 = stop ] && { ip -o addr show to "$OCF_RESKEY_ip" | while read -r _ nic _ address _; do ip addr del "$address" dev "$nic"; done; exec "$REAL" "$@"; }`, "stop: wrong state"},
	{"stop fails when there is nothing", `[ $1 = stop ] && [ -z "$(ip -o addr show to "$OCF_RESKEY_ip")" ] && { echo "ocf-exit-reason:not there" >&2; exit 1; }`, "stop: wrong exit code"},
	{"stop leaves a file", `[ $1 = stop ] && touch /run/vip.state`, "stop: wrong state"},
	{"monitor says running", `[ $1 = monitor ] && exit 0`, "wrong exit code"},
	{"monitor says not running", `[ $1 = monitor ] && exit 7`, "wrong exit code"},
	{"probe takes the useless for absent", `[ $1 = monitor ] && { "$REAL" "$@"; code=$?; [ $code = 1 ] && code=7; exit $code; }`, "probe: wrong exit code"},
	{"monitor looks at the address only", `[ $1 = monitor ] && { ip -o addr show to "$OCF_RESKEY_ip" | grep -q . && exit 0; exit 7; }`, "wrong exit code"},
	{"probe changes something", `[ $1 = monitor ] && [ -z "$OCF_RESKEY_CRM_meta_interval" ] && { "$REAL" "$@"; code=$?; [ $code = 1 ] && "$REAL" stop; exit $code; }`, "probe: wrong state"},
	{"start always succeeds", `[ $1 = start ] && { "$REAL" "$@" 2>/dev/null; exit 0; }`, "start: wrong exit code"},
	{"start does not wait for duplicate detection", `[ $1 = start ] && ip -6 addr add "$OCF_RESKEY_ip/64" dev n0 2>/dev/null && exit 0`, "start: not ready"},
	{"start leaves a second copy", `[ $1 = start ] && { "$REAL" "$@"; code=$?; ip addr add "$OCF_RESKEY_ip" dev n1 nodad 2>/dev/null; exit $code; }`, "start: wrong state"},
	{"start changes a setting", `[ $1 = start ] && sysctl -qw net.ipv4.conf.n0.arp_ignore=1 2>/dev/null`, "start: wrong state"},
	{"start leaves a process", `[ $1 = start ] && { sleep 100 >/dev/null 2>&1 & }`, "start: the process"},
	{"start leaves a daemon", `[ $1 = start ] && { setsid sleep 100 >/dev/null 2>&1 & }`, "processes are left"},
	{"start switches another link off", `[ $1 = start ] && ip link set n1 down 2>/dev/null`, "start: wrong state"},
	{"validate-all knows nothing", `[ $1 = validate-all ] && exit 0`, "validate-all: wrong exit code"},
	{"a failure without a reason", `[ $1 = start ] && exec "$REAL" "$@" 2>/dev/null`, "start: exit reason"},
}

// Agents that lie are found out within a few sequences, and the few steps that it
// takes are shown.
func TestVIPLiars(t *testing.T) {
	const sequences, steps = 60, 5
	real := installAs(t, binary, "vip")
	for _, liar := range liars {
		t.Run(liar.name, func(t *testing.T) {
			program := filepath.Join(t.TempDir(), "vip")
			script := fmt.Sprintf("#!/bin/sh\nREAL=%s\n%s\nexec \"$REAL\" \"$@\"\n", real, liar.script)
			if err := os.WriteFile(program, []byte(script), 0o755); err != nil {
				t.Fatal(err)
			}
			var count tally
			c := campaign{first: 1, count: sequences, workers: 1, enough: 1, plays: 60} // one worker: the first found is always the same one
			found := play(t.Context(), c, func(seed uint64) sequence[vipStep] { return composeVIP(seed, program, &count) })
			if len(found) == 0 {
				t.Fatalf("not caught in %d sequences: %s", sequences, &count)
			}
			if f := found[0]; !strings.Contains(f.rule, liar.rule) || len(f.steps) > steps {
				t.Errorf("want rule %q and at most %d steps:\n%s", liar.rule, steps, f)
			} else {
				t.Logf("seed %d, %d steps of %d: %s", f.seed, len(f.steps), f.full, f.rule)
			}
		})
	}
}
