package vip

import (
	"context"
	"testing"

	"github.com/oneha/oneha/internal/vip/viptest"
)

// What an interrupted call has raised is lowered by the next one, wherever it was;
// what an administrator has set stays.
func TestInterruptedPromotionIsUndone(t *testing.T) {
	l := viptest.New(t)
	l.Pair(1, nil, nil)
	l.Node.Set("ipv4/conf/n0/promote_secondaries", raised)
	l.Node.Set("ipv4/conf/n1/promote_secondaries", "1")
	on(t, l.Node, func(ctx context.Context, h *Host) {
		if _, err := h.Remove(ctx, address("10.77.0.100")); err != nil {
			t.Fatal(err)
		}
	})
	for nic, want := range map[string]string{"n0": "0", "n1": "1"} {
		if got := l.Node.Get("ipv4/conf/" + nic + "/promote_secondaries"); got != want {
			t.Errorf("promote_secondaries of %s is %s, want %s", nic, got, want)
		}
	}
}
