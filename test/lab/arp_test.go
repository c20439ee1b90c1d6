package lab

import (
	"net"
	"testing"
	"time"
)

func TestARPClaims(t *testing.T) {
	target := addr("10.3.4.2")
	hw := net.HardwareAddr{2, 0, 0, 0, 0, 1}
	for _, tt := range []struct {
		name  string
		frame []byte
		want  bool
	}{
		{"gratuitous announcement", arpRequest(hw, target, target), true},
		{"somebody's question", arpRequest(hw, addr("10.3.4.9"), target), false},
		{"address probe", arpRequest(hw, addr("0.0.0.0"), target), false},
		{"cut short", arpRequest(hw, target, target)[:41], false},
		{"empty", nil, false},
	} {
		mac, ok := arpClaims(tt.frame, target)
		if ok != tt.want || (ok && string(mac[:]) != string(hw)) {
			t.Errorf("%s: arpClaims = %x, %v; want %v", tt.name, mac, ok, tt.want)
		}
	}
}

func TestAnalyse(t *testing.T) {
	start := time.Unix(1000, 0)
	a, b := [6]byte{2, 0, 0, 0, 0, 1}, [6]byte{2, 0, 0, 0, 0, 2}
	at := func(mac [6]byte, ms ...int) (claims []claim) {
		for _, m := range ms {
			claims = append(claims, claim{at: start.Add(time.Duration(m) * time.Millisecond), mac: mac})
		}
		return claims
	}
	join := func(parts ...[]claim) (all []claim) {
		for _, p := range parts {
			all = append(all, p...)
		}
		return all
	}
	for _, tt := range []struct {
		name            string
		claims          []claim
		spans, overlaps int
	}{
		{"silence", nil, 0, 0},
		{"one owner", at(a, 0, 20, 40), 1, 0},
		{"handed over after 300 ms", join(at(a, 0, 20, 40), at(b, 340, 360)), 2, 0},
		{"both answer one question", join(at(a, 0, 20), at(b, 20), at(a, 40)), 3, 2},
		{"the new one a sample after the old", join(at(a, 0, 20), at(b, 60)), 2, 1},
		{"just outside the window", join(at(a, 0, 20), at(b, 61)), 2, 0},
		{"the old one comes back later", join(at(a, 0), at(b, 500), at(a, 1000)), 3, 0},
	} {
		r := analyse(tt.claims, 1)
		if len(r.Spans) != tt.spans || len(r.Overlaps) != tt.overlaps {
			t.Errorf("%s: %d spans, %d overlaps; want %d, %d\n%s", tt.name, len(r.Spans), len(r.Overlaps), tt.spans, tt.overlaps, r)
		}
	}
	r := analyse(join(at(a, 0, 20, 120), at(b, 500, 520)), 9)
	if s := r.Spans[0]; s.Gap != 100*time.Millisecond || s.Claims != 3 || s.Last.Sub(s.First) != 120*time.Millisecond || r.Claims != 5 || r.Asked != 9 {
		t.Errorf("analyse = %s", r)
	}
}
