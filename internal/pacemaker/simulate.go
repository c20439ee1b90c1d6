package pacemaker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Injection is what crm_simulate pretends to have happened, and what it lets fail.
// The zero value is a cluster in which nothing happens.
type Injection struct {
	Up     []string // nodes that have joined
	Failed []string // nodes that are gone without having said so

	// Happened are operations with their results, as RESOURCE_OPERATION_INTERVAL@NODE=CODE
	// has them (crm_simulate(8), OPSPEC; the interval in milliseconds): a monitor
	// that found its resource dead.
	Happened []string

	// Fails are operations that fail when the scheduler asks for them, in the same form.
	// What the scheduler does about it, a second simulation of the result tells.
	Fails []string
}

// args are the injection on the command line: node names and resource ids, no secret.
func (in Injection) args() (args []string) {
	for _, list := range []struct {
		flag string
		of   []string
	}{{"-u", in.Up}, {"-f", in.Failed}, {"-i", in.Happened}, {"-F", in.Fails}} {
		for _, v := range list.of {
			args = append(args, list.flag, v)
		}
	}
	return args
}

// Simulation is what the scheduler answered.
type Simulation struct {
	CIB   []byte // what the CIB would be once all actions were done
	Graph []byte // the actions, as XML (<transition_graph>)
	Stuck bool   // not all actions could be done: one waits for what nobody may do, such as a fencing without quorum
}

// Simulate asks Pacemaker's scheduler what the cluster of a CIB would do. Nothing of a
// running cluster is read or changed.
//
// It reads the files that crm_simulate writes (-O and -G since 1.1), because its XML
// output exists from 2.1 only and its text differs from release to release. A CIB
// may hold secrets: the files are in a directory that only this user can read, and
// are gone when Simulate returns. have-quorum is taken from the CIB; crm_simulate's
// own option for it does nothing in 2.1.5 unless something else is injected.
func (t Tools) Simulate(ctx context.Context, cib []byte, in Injection) (s Simulation, err error) {
	dir, err := os.MkdirTemp("", "oneha-plan-")
	if err != nil {
		return s, fmt.Errorf("make directory for crm_simulate: %w", err)
	}
	defer os.RemoveAll(dir)
	before, after, graph := filepath.Join(dir, "in.xml"), filepath.Join(dir, "out.xml"), filepath.Join(dir, "graph.xml")
	if err := os.WriteFile(before, cib, 0o600); err != nil {
		return s, fmt.Errorf("write CIB for crm_simulate: %w", err)
	}
	args := append([]string{"-Q", "-S", "-x", before, "-O", after, "-G", graph}, in.args()...)
	_, failed := t.run(ctx, nil, "crm_simulate", args...)
	if tool, ok := errors.AsType[*Error](failed); failed != nil && (!ok || tool.Cause != nil) {
		return s, fmt.Errorf("simulate cluster: %w", failed)
	}
	s.Stuck = failed != nil // it fails, too, when its files are written and the transition cannot be completed
	for file, to := range map[string]*[]byte{after: &s.CIB, graph: &s.Graph} {
		if *to, err = os.ReadFile(file); err != nil && failed != nil {
			return s, fmt.Errorf("simulate cluster: %w", failed)
		} else if err != nil {
			return s, fmt.Errorf("read what crm_simulate wrote: %w", err)
		}
	}
	return s, nil
}
