package guardproc

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

var cost = flag.Duration("cost", 0, "for how long to measure what a guard costs, such as 60s; 0: not at all")

// What a guard may cost.
const (
	mostMemory = 20 << 20
	mostCPU    = 0.005 // of a core
)

// TestCost measures the guards of a zone of five servers at the default timers:
//
//	go test -tags urfave_cli_no_docs ./test/guardproc -run Cost -v -cost 60s
func TestCost(t *testing.T) {
	if *cost == 0 {
		t.Skip("only with -cost: it takes a quiet machine")
	}
	l := up(t, 5)
	leader := l.leader()
	settled := time.Now().Add(12 * time.Second)
	l.await("the quiet time to pass", func() bool { return time.Now().After(settled) })
	before := l.usages()
	time.Sleep(*cost)
	for id, after := range l.usages() {
		core := (after.cpu - before[id].cpu).Seconds() / cost.Seconds()
		t.Logf("server %d, leader %t: %.2f %% of a core, RSS %.1f MB (of it anonymous %.1f MB), at most %.1f MB",
			id, id == leader, 100*core, megabytes(after.rss), megabytes(after.anonymous), megabytes(after.peak))
		if core > mostCPU {
			t.Errorf("server %d: %.2f %% of a core, at most %.2f %%", id, 100*core, 100*mostCPU)
		}
		if after.rss > mostMemory {
			t.Errorf("server %d: %.1f MB, at most %.1f MB", id, megabytes(after.rss), megabytes(mostMemory))
		}
	}
}

type usage struct {
	cpu                  time.Duration
	rss, anonymous, peak int
}

func megabytes(bytes int) float64 { return float64(bytes) / (1 << 20) }

// usages are what the guards have used so far.
func (l *lab) usages() (all []usage) {
	l.Helper()
	for _, g := range l.guards {
		var u usage
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", g.PID()))
		l.ok(err)
		for line := range strings.Lines(string(status)) {
			name, value, _ := strings.Cut(line, ":")
			kb, _ := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(value), " kB"))
			switch name {
			case "VmRSS":
				u.rss = kb << 10
			case "RssAnon":
				u.anonymous = kb << 10
			case "VmHWM":
				u.peak = kb << 10
			}
		}
		sched, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", g.PID()))
		l.ok(err)
		_, rest, _ := strings.Cut(string(sched), ") ")
		f := strings.Fields(rest)
		for _, ticks := range f[11:13] { // utime, stime (proc(5)), of 10 ms
			n, err := strconv.Atoi(ticks)
			l.ok(err)
			u.cpu += time.Duration(n) * 10 * time.Millisecond
		}
		all = append(all, u)
	}
	return all
}
