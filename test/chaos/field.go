package chaos

import (
	"context"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// field is a sort of cluster. It is brought up once for many rounds, and anew after a
// round that failed.
type field struct {
	name   string
	about  string          // for the report
	faults func() []string // names, in the order of the report
	up     func(context.Context, Settings, func(string, ...any)) (bed, error)
	extra  bool // not in a campaign that names no fields
}

// bed is a field that is up.
type bed interface {
	// round does the deed and waits until all is well again. What went wrong is in the
	// result; it fills in everything but what is the same for the whole campaign.
	round(context.Context, deed, func(string, ...any)) Result
	// collect writes the logs of a failure into a directory.
	collect(ctx context.Context, dir string) error
	close() error
}

// fields are all that there are, in the order of the report.
func fields() []field {
	return append([]field{
		pacemaker("two-node", "two nodes, one link", "examples/two-node.yaml", ""),
		pacemaker("two-links", "two nodes, two links", "examples/two-links.yaml", ""),
		pacemaker("three-node", "three nodes", "test/chaos/three-node.yaml", ""),
		raft(),
	}, splitFields...)
}

// pacemaker is a field of nodes that the description in file configures, and then a shell
// script on one of them, "" for none.
func pacemaker(name, about, file, script string) field {
	return field{
		name: name, about: about, faults: func() []string { return faultsOf(name) },
		up: func(ctx context.Context, s Settings, log func(string, ...any)) (bed, error) {
			b, err := upNodes(ctx, s, file, script, log)
			if err != nil {
				return nil, err // not a bed that is no bed
			}
			return b, nil
		},
	}
}

// faultsOf are the names of the faults that can be done to a field of nodes.
func faultsOf(field string) (names []string) {
	for _, f := range faults() {
		if slices.Contains(f.Fields, field) {
			names = append(names, f.Name)
		}
	}
	return names
}

// List writes the fields with their faults.
func List(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, f := range fields() {
		fmt.Fprintf(t, "%s\t%s\n", f.name, f.about)
		for _, fault := range f.faults() {
			fmt.Fprintf(t, "\t%s\n", fault)
		}
	}
	return t.Flush()
}
