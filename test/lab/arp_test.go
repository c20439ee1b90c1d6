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
		reply bool
	}{
		{"gratuitous announcement", arpRequest(hw, target, target), true, false},
		{"reply", arpRequest(hw, target, addr("10.3.4.9")), true, true}, // but for the operation, which is not looked at
		{"somebody's question", arpRequest(hw, addr("10.3.4.9"), target), false, false},
		{"address probe", arpRequest(hw, addr("0.0.0.0"), target), false, false},
		{"cut short", arpRequest(hw, target, target)[:41], false, false},
		{"empty", nil, false, false},
	} {
		mac, reply, ok := arpClaims(tt.frame, target)
		if ok != tt.want || reply != tt.reply || (ok && string(mac[:]) != string(hw)) {
			t.Errorf("%s: arpClaims = %x, %v, %v; want %v, %v", tt.name, mac, reply, ok, tt.reply, tt.want)
		}
	}
}

func TestAnalyse(t *testing.T) {
	start := time.Unix(1000, 0)
	a, b := [6]byte{2, 0, 0, 0, 0, 1}, [6]byte{2, 0, 0, 0, 0, 2}
	at := func(mac [6]byte, ms ...int) (claims []claim) {
		for _, m := range ms {
			claims = append(claims, claim{at: start.Add(time.Duration(m) * time.Millisecond), mac: mac, reply: true})
		}
		return claims
	}
	join := func(parts ...[]claim) (all []claim) {
		for _, p := range parts {
			all = append(all, p...)
		}
		return all
	}
	announced := func(claims []claim) []claim {
		for i := range claims {
			claims[i].reply = false
		}
		return claims
	}
	for _, tt := range []struct {
		name            string
		claims          []claim
		spans, overlaps int
	}{
		{"silence", nil, 0, 0},
		{"one owner", at(a, 0, 20, 40), 1, 0},
		{"handed over after 300 ms", join(at(a, 0, 20, 40), at(b, 340, 360)), 2, 0},
		{"both reply to one question, then one", join(at(a, 0, 20), at(b, 22, 40)), 2, 1},
		{"both reply to every question", join(at(a, 0), at(b, 1), at(a, 20), at(b, 21), at(a, 40)), 5, 4},
		{"in turn", join(at(a, 0), at(b, 20), at(a, 40), at(b, 60)), 4, 2},
		{"the old one once more", join(at(a, 0, 20), at(b, 40), at(a, 60), at(b, 80)), 4, 2},
		{"handed over between two questions", join(at(a, 0, 20), at(b, 40, 60)), 2, 0},
		{"announced right after the last reply", join(at(a, 0, 20), announced(at(b, 23)), at(b, 40)), 2, 0},
		{"announced while the other still replies", join(at(a, 0, 20), announced(at(b, 23)), at(a, 40)), 3, 1},
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
