package lab

import (
	"testing"
	"time"
)

func TestLoggedOff(t *testing.T) {
	at := func(text string) time.Time {
		t.Helper()
		at, err := time.Parse(time.DateTime, text)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	for _, c := range []struct {
		line, asked string
		want        time.Duration
	}{
		{"Nov 22 23:30:05.123 server1 pacemaker-attrd [71] (attrd_peer_update) notice: Setting lab-clock", "2026-11-22 22:30:05", time.Hour},
		{"Nov  2 21:30:05 server1 pacemaker-attrd", "2026-11-02 22:30:05", -time.Hour},
		{"Jan  1 00:10:00 server1", "2026-12-31 23:10:00", time.Hour},
		{"Dec 31 23:10:00 server1", "2027-01-01 00:10:00", -time.Hour},
		{"Feb 29 01:00:00 server1", "2028-02-29 00:00:00", time.Hour},
	} {
		if got, err := loggedOff(c.line, at(c.asked)); err != nil || got != c.want {
			t.Errorf("loggedOff(%q) = %v, %v; want %v", c.line, got, err, c.want)
		}
	}
	if _, err := loggedOff("something else\n", time.Now()); err == nil {
		t.Error("loggedOff took a line that has no time")
	}
}
