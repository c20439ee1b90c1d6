package hostlab

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/vmha/settings"
)

// fencingFails: four hosts whose fencing fails, each for another reason. No machine is
// touched; when it is mended, oneha hook missed --handle brings all to their end.
func (s *site) fencingFails(ctx context.Context, t *testing.T, rows []row) {
	const dead, stays, again, refused = 1, 2, 3, 4
	trouble := map[int]string{
		dead:    "E fence_bmc_ipmi at " + bmcOf(dead).String() + " ended with 1: ",
		stays:   "E fence_bmc_ipmi at " + bmcOf(stays).String() + " ended with 1: ",
		again:   "E the power was seen off, and now it is on: ",
		refused: "E fence_bmc_ipmi at " + bmcOf(refused).String() + " ended with 1: ",
	}
	hosts := []int{dead, stays, again, refused}
	wanted := map[int][]row{}
	for _, h := range hosts {
		wanted[h] = append(rows[:1:1], some(rows, h, 8)...)
	}
	s.begin(ctx, t, wanted)
	if err := s.node(dead).SetBMC(ctx, false); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.node(dead).SetBMC(ctx, true); err != nil {
			t.Error(err)
		}
	}()
	s.chassis[stays].begin(deaf)
	s.chassis[again].begin(restless)
	// What never answers, and what never obeys, is given up soon.
	broken := s.settings(fmt.Sprintf("    %s: {options: {login_timeout: 3}}\n", name(dead)))
	for h, more := range map[int]string{stays: "options: {power_timeout: 3}", refused: "password_file: " + wrong} {
		line := fmt.Sprintf("    %s: {ip: %s", name(h), bmcOf(h))
		broken = strings.Replace(broken, line, line+", "+more, 1)
	}
	if err := s.write(ctx, settings.DefaultFile, broken); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	runs := make([]run, hypervisors)
	_ = each(hosts, func(h int) error { runs[h] = s.hook(ctx, h, 2, nil); return nil })
	t.Logf("four failures took %.1f s", time.Since(start).Seconds())
	for _, h := range hosts {
		if runs[h].err != nil || runs[h].code != 255 {
			t.Errorf("host %d: exit code %d, %v\n%s", h, runs[h].code, runs[h].err, runs[h].said)
		}
		log := s.logged(ctx, t, h)
		said := slices.IndexFunc(log, func(line string) bool { return strings.HasPrefix(line, trouble[h]) })
		if said < 0 || !slices.Equal(log[len(log)-2:], []string{"E Fencing error", "E Exiting due to previous error."}) {
			t.Errorf("host %d, its log:\n%s", h, strings.Join(log, "\n"))
		}
		if strings.Contains(runs[h].said, s.secret[:8]) {
			t.Errorf("host %d: the password is in what the hook said", h)
		}
		if !s.node(h).Powered() {
			t.Errorf("host %d has no power", h)
		}
	}
	if calls := s.changes(ctx, t, anyHost); len(calls) > 0 {
		t.Fatalf("machines were touched: %v", calls)
	}
	code, out, err := s.missed(ctx)
	if err != nil || code != 1 || strings.Count(out, `its last step was "fencing"`) != len(hosts) {
		t.Errorf("exit code %d, %v: %s", code, err, out)
	}

	// It is mended.
	if err := s.node(dead).SetBMC(ctx, true); err != nil {
		t.Fatal(err)
	}
	for _, h := range hosts {
		s.chassis[h].begin(obedient)
	}
	if err := s.write(ctx, settings.DefaultFile, s.settings("")); err != nil {
		t.Fatal(err)
	}
	mended := time.Now()
	if code, out, err := s.missed(ctx, "--handle", "--arguments=-m -p 1"); err != nil || code != 0 {
		t.Fatalf("exit code %d, %v: %s", code, err, out)
	}
	now, err := s.now(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range hosts {
		off := s.cut(ctx, t, h, mended)
		calls := s.changes(ctx, t, h)
		if len(calls) == 0 || !off.Before(calls[0].At) {
			t.Errorf("host %d: the power was cut at %s, and %d calls changed something: %v", h, off, len(calls), calls)
		}
		if err := became(t, now, calls, h, wanted[h]); err != nil {
			t.Error(err)
		}
	}
	s.unharmed(ctx, t, now)
	if code, out, err := s.missed(ctx, "--json"); err != nil || code != 0 || out != "[]\n" {
		t.Errorf("exit code %d, %v: %s", code, err, out)
	}
}
