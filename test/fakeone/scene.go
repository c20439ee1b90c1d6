package fakeone

import (
	"maps"
	"slices"
	"time"
)

// Scene is a cloud as a document: what a test gives to a fake that is a process of its
// own, and what it finds there afterwards.
type Scene struct {
	Monitors   bool          // of Cloud; and hosts in ERROR are monitored all the time
	Delay      time.Duration // of Cloud
	Hosts      []Host
	Datastores []Datastore
	VMs        []VM
	Open       int // connections beside the one that asks; only in an answer
}

// Cloud is a cloud of that scene.
func (s Scene) Cloud() *Cloud {
	c := New()
	c.Monitors, c.Delay = s.Monitors, s.Delay
	for _, h := range s.Hosts {
		c.Add(h)
	}
	for _, d := range s.Datastores {
		c.Add(d)
	}
	for _, v := range s.VMs {
		c.Add(v)
	}
	return c
}

// Scene is the cloud as it is now, in the order of the IDs.
func (c *Cloud) Scene() Scene {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Scene{Monitors: c.Monitors, Delay: c.Delay, Hosts: sorted(c.hosts), Datastores: sorted(c.datastores), VMs: sorted(c.vms)}
}

func sorted[T any](objects map[int]*T) (list []T) {
	for _, id := range slices.Sorted(maps.Keys(objects)) {
		list = append(list, *objects[id])
	}
	return list
}

// monitorAll looks at every host once.
func (c *Cloud) monitorAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, v := range c.vms {
		c.watch(v)
	}
}
