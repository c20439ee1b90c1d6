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

// counting shows on a terminal how much of something is done, until done is called.
// progress is called from one goroutine at a time.
func (t tool) counting(what string) (progress func(n, all int), done func()) {
	if !t.terminal {
		return nil, func() {}
	}
	const eraseLine = "\r\x1b[K" // ECMA-48, 8.3.41
	return func(n, all int) { fmt.Fprintf(t.stderr, "%s%s, %d of %d", eraseLine, what, n, all) },
		func() { fmt.Fprint(t.stderr, eraseLine) }
}
