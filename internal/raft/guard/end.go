package guard

import (
	"context"
	"time"
)

// end gives everything up: addresses, promises, services.
func (g *Guard) end() {
	if g.machine == nil {
		g.answerPokes()
		return // what runs on this server is not the guard's
	}
	deadline := time.After(g.ending)
	g.obey(g.machine.Stop(g.now()))
	g.wanted.set(stopped)
	settled := make(chan struct{})
	watching, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		defer close(settled)
		g.wanted.wait(watching)
	}()
	for services := settled; !g.machine.Idle() || services != nil; {
		wait := idleEvery
		if !g.machine.Idle() {
			wait = max(0, min(wait, time.Duration(g.machine.Next()-g.now())))
		}
		select {
		case event := <-g.events:
			event()
		case <-time.After(wait):
			g.tick() // and so the watchdog: services may take longer to stop
		case <-services:
			services = nil
		case <-deadline:
			g.said.change("end", "ends before everything was given up: the kernel removes what is left")
			return
		}
		g.answerPokes()
	}
	for g.under > 0 { // the release is being told
		select {
		case event := <-g.events:
			event()
		case <-deadline:
			return
		}
	}
	g.said.change("end", "ends, holding nothing")
}
