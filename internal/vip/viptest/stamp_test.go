package viptest

import (
	"testing"
	"time"
)

// Every frame has the time when it arrived, also right after others stopped
// listening.
func TestStamps(t *testing.T) {
	l := New(t)
	const rest = 5 * time.Millisecond
	frame := append([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 2, 0x08, 0x06}, make([]byte, 28)...)
	for range 50 {
		t.Run("", func(t *testing.T) {
			node := Namespace{t: t, ns: l.Node.ns}
			other := Namespace{t: t, ns: l.Peer.ns}
			capture := node.Capture("n0")
			sender := other.Capture("p0")
			sent := time.Now()
			sender.Send(frame)
			time.Sleep(rest)
			frames := capture.Next(1, time.Second, IsARP)
			if len(frames) != 1 {
				t.Fatal("the frame did not arrive")
			}
			if late := frames[0].At.Sub(sent); late >= rest {
				t.Errorf("stamped %s after it was sent: when it was received", late)
			}
		})
	}
}
