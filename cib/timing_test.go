package cib_test

import (
	"slices"
	"testing"

	"github.com/oneha/oneha/agents"
	"github.com/oneha/oneha/cib"
	"github.com/oneha/oneha/ocf"
)

// What is generated and what the agents' metadata advise is the same, so that
// pcs, which fills in what metadata advise, has nothing to add.
func TestGeneratedTimingIsWhatTheAgentsAdvise(t *testing.T) {
	for _, a := range agents.All() {
		var advised []cib.Op
		for _, act := range a.Actions {
			if act.OnRequest { // pcs does not add it either
				continue
			}
			advised = append(advised, cib.Op{Name: act.Name, Interval: act.Interval, Timeout: act.Timeout, Depth: act.Depth})
		}
		if got := cib.OpsOf(a.Name); !slices.Equal(got, advised) {
			t.Errorf("%s: generated %v, advised %v", a.Name, got, advised)
		}
		for _, name := range []string{ocf.Start, ocf.Stop, ocf.Monitor} {
			if !slices.ContainsFunc(advised, func(o cib.Op) bool { return o.Name == name }) {
				t.Errorf("%s advises no %s", a.Name, name)
			}
		}
	}
}
