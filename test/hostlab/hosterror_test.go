package hostlab

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/test/lab"
)

// All on one site: its machines take longer than most of what is done with them.
func TestHostError(t *testing.T) {
	rows := readRows(t)
	s, ctx := up(t)
	t.Run("fifty machines", func(t *testing.T) { s.fifty(ctx, t, rows) })
	t.Run("fencing fails", func(t *testing.T) { s.fencingFails(ctx, t, rows) })
	t.Run("ten hosts at once", func(t *testing.T) { s.tenHosts(ctx, t, rows) })
	t.Run("killed", func(t *testing.T) { s.killed(ctx, t, rows) })
}

// cut is when the BMC cut the power of a host, which it did once since a moment. After
// it nothing of the machine runs.
func (s *site) cut(ctx context.Context, t *testing.T, host int, since time.Time) time.Time {
	t.Helper()
	var cuts []lab.Event
	for _, e := range s.cluster.Events(since) {
		if e.Node == name(host) && e.Kind == lab.PoweredOff {
			cuts = append(cuts, e)
		}
	}
	if len(cuts) != 1 || cuts[0].By != "bmc: set power 0" {
		t.Fatalf("the power of %s was cut otherwise than once by its BMC: %v", name(host), cuts)
	}
	if _, err := s.node(host).Exec(ctx, "true"); s.node(host).Powered() || err == nil {
		t.Errorf("%s lives", name(host))
	}
	return cuts[0].Time
}

// fifty: fifty machines in mixed states, and the same event once more.
func (s *site) fifty(ctx context.Context, t *testing.T, rows []row) {
	if len(rows) != 50 {
		t.Fatalf("%d rows", len(rows))
	}
	const host = 1
	s.begin(ctx, t, map[int][]row{host: rows})
	start := time.Now()
	r := s.hook(ctx, host, 2, nil)
	if r.err != nil || r.code != 0 {
		t.Fatalf("exit code %d, %v\n%s", r.code, r.err, r.said)
	}
	off := s.cut(ctx, t, host, start)
	calls := s.changes(ctx, t, anyHost)
	if len(calls) == 0 || !off.Before(calls[0].At) {
		t.Fatalf("the power was cut at %s, and %d calls changed something: %v", off, len(calls), calls)
	}
	t.Logf("%.1f s: the power was cut %.3f s before the first of %d changing calls", r.ended.Sub(r.began).Seconds(), calls[0].At.Sub(off).Seconds(), len(calls))
	if last := calls[len(calls)-1]; last.Method != "one.host.status" || !slices.Equal(last.Args, []string{"1", "2"}) {
		t.Errorf("the last change is %s %q", last.Method, last.Args)
	}
	now, err := s.now(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := became(t, now, calls, host, rows); err != nil {
		t.Error(err)
	}
	s.unharmed(ctx, t, now)
	accounted(t, host, rows, s.logged(ctx, t, host))

	// The same event again (onehook retry), and ERROR after ERROR: a host that stays dead.
	for _, before := range []int{2, 3} {
		again := s.hook(ctx, host, before, nil)
		if again.err != nil || again.code != 0 || !strings.Contains(again.said, "Exiting. This incident was handled already") {
			t.Errorf("exit code %d, %v\n%s", again.code, again.err, again.said)
		}
	}
	if n := len(s.changes(ctx, t, anyHost)); n != len(calls) {
		t.Errorf("%d changing calls after the second event, %d before", n, len(calls))
	}
	s.cut(ctx, t, host, start)
}

// accounted checks the log of a whole incident: the lines of the original, in their
// order, and one line for the end of every machine.
func accounted(t *testing.T, host int, rows []row, log []string) {
	t.Helper()
	at := -1
	for _, want := range []string{"Hook launched", "hostname: " + name(host), "Wait 1 cycles.", "Sleeping 1 seconds.", "Fencing enabled", "Fencing success", "states: 3, 5, 8",
		fmt.Sprintf("resched %d", host*perHost), "Hook finished"} {
		i := slices.Index(log, want)
		if i <= at {
			t.Errorf("%q is line %d of the log, behind line %d", want, i, at)
		}
		at = i
	}
	counts := map[string]int{}
	for n, r := range rows {
		counts[r.result]++
		end := fmt.Sprintf(`^VM %d: `, host*perHost+n)
		if r.result == "skipped" {
			end = fmt.Sprintf(`^(E )?Skipping VM %d\b`, host*perHost+n)
		}
		form := regexp.MustCompile(end)
		var ends []string
		for _, line := range log {
			if form.MatchString(line) {
				ends = append(ends, line)
			}
		}
		if len(ends) != 1 {
			t.Errorf("the end of machine %d, which was %s, is in the log %d times: %q", host*perHost+n, r.state, len(ends), ends)
		}
	}
	if want := fmt.Sprintf("%d machines: %d done, %d skipped, 0 failed", len(rows), counts["done"], counts["skipped"]); !slices.Contains(log, want) {
		t.Errorf("the log does not say %q:\n%s", want, strings.Join(log, "\n"))
	}
}

// tenHosts: ten hosts in ERROR, ten hooks at once, and one that is well.
func (s *site) tenHosts(ctx context.Context, t *testing.T, rows []row) {
	dead := map[int][]row{}
	var hosts []int
	for h := 1; h < hypervisors; h++ {
		hosts = append(hosts, h)
		dead[h] = append(rows[:1:1], some(rows, h%5, 5)...)
	}
	s.begin(ctx, t, dead)
	start := time.Now()
	runs := make([]run, hypervisors)
	_ = each(hosts, func(h int) error { runs[h] = s.hook(ctx, h, 2, nil); return nil })
	t.Logf("ten hooks took %.1f s", time.Since(start).Seconds())
	now, err := s.now(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range hosts {
		if runs[h].err != nil || runs[h].code != 0 {
			t.Errorf("host %d: exit code %d, %v\n%s", h, runs[h].code, runs[h].err, runs[h].said)
			continue
		}
		off := s.cut(ctx, t, h, start)
		calls := s.changes(ctx, t, h)
		if len(calls) == 0 || !off.Before(calls[0].At) {
			t.Errorf("host %d: the power was cut at %s, and %d calls changed something: %v", h, off, len(calls), calls)
		}
		if err := became(t, now, calls, h, dead[h]); err != nil {
			t.Error(err)
		}
		accounted(t, h, dead[h], s.logged(ctx, t, h))
	}
	s.unharmed(ctx, t, now)
}
