package lease

import (
	"strings"
	"testing"
	"time"
)

// since58 and before58 are the timeouts that oned.conf is shipped with.
var (
	since58  = Election{5 * time.Second, 500 * time.Millisecond}
	before58 = Election{2500 * time.Millisecond, 500 * time.Millisecond}
)

func TestTimersForElections(t *testing.T) {
	for _, test := range []struct {
		name          string
		election      Election
		lease         time.Duration
		promise, wait time.Duration
	}{
		{"since 5.8", since58, 3 * time.Second, 4335 * time.Millisecond, 0},
		{"5.4 and 5.6", before58, 2 * time.Second, 3315 * time.Millisecond, 1315 * time.Millisecond},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := For(test.election)
			if got.Lease != test.lease || got.Promise() != test.promise || got.Wait(test.election) != test.wait {
				t.Errorf("lease %s, promise %s, wait %s; want %s, %s, %s", got.Lease, got.Promise(), got.Wait(test.election), test.lease, test.promise, test.wait)
			}
			if err := got.Check(); err != nil {
				t.Error(err)
			}
			if err := got.CheckElection(test.election); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestCheckSaysWhatToChange(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*Timers)
		want   string
	}{
		{"nothing", func(*Timers) {}, ""},
		{"zero", func(t *Timers) { t.Renew = 0 }, "all times must be positive"},
		{"drift", func(t *Timers) { t.Drift = 2 }, "want a fraction from 0 to 1"},
		{"slow answers", func(t *Timers) { t.Timeout = time.Second }, "lower it"},
		{"short lease", func(t *Timers) { t.Lease = time.Second }, "raise the lease to 1.7s"},
		{"rare renewal", func(t *Timers) { t.Renew = 1500 * time.Millisecond }, "lower the interval to 1.4s"},
		{"long lease", func(t *Timers) { t.Lease = 8 * time.Second }, "guards promise at most 8s"},
	} {
		t.Run(test.name, func(t *testing.T) {
			timers := Default()
			test.change(&timers)
			err := timers.Check()
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
	if err := Default().CheckElection(before58); err == nil || !strings.Contains(err.Error(), "raise ELECTION_TIMEOUT_MS to 4835, or lower the lease to 2.181s") {
		t.Errorf("default timers with short elections: %v", err)
	}
}

// What Check and CheckElection advise is accepted.
func TestAdviceHolds(t *testing.T) {
	timers := Default()
	timers.Lease = 2181 * time.Millisecond
	if err := timers.CheckElection(before58); err != nil {
		t.Error(err)
	}
	if wait := Default().Wait(Election{4835 * time.Millisecond, 500 * time.Millisecond}); wait != 0 {
		t.Errorf("with the advised timeout a leader waits %s", wait)
	}
}

// However late within By the call is made, the lifetime ends before the deadline, and
// it is never shorter than need be by more than a second.
func TestSetting(t *testing.T) {
	const now = Time(12345 * time.Hour)
	for left := -time.Second; left < 4*time.Second; left += 7 * time.Millisecond {
		s := SettingFor(now.add(left), now)
		if s.Seconds == 0 {
			if left >= time.Second+Slack {
				t.Errorf("%s left: nothing is set", left)
			}
			continue
		}
		life := time.Duration(s.Seconds) * time.Second
		if s.By.add(life) > now.add(left) || s.By < now.add(Slack) {
			t.Errorf("%s left: %d s, by %s from now", left, s.Seconds, (s.By - now).duration())
		}
		if left-life >= time.Second+Slack {
			t.Errorf("%s left: only %d s", left, s.Seconds)
		}
	}
}
