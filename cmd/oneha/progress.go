package main

import (
	"fmt"
	"time"
)

// waiting shows on a terminal what is being waited for, from the second second
// on, until the returned function is called.
func (t tool) waiting(what string) (done func()) {
	if !t.terminal {
		return func() {}
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		const eraseLine = "\r\x1b[K" // ECMA-48, 8.3.41
		for n := 1; ; n++ {
			select {
			case <-tick.C:
				fmt.Fprintf(t.stderr, "%s%s, %d s", eraseLine, what, n)
			case <-stop:
				if n > 1 {
					fmt.Fprint(t.stderr, eraseLine)
				}
				return
			}
		}
	}()
	return func() {
		close(stop)
		<-stopped
	}
}
