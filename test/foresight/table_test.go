package foresight

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// writeTable shows what was foretold beside what came. A service is missing from the
// failure on, or from when the cluster stops it; what was measured of the rest counts from
// the failure.
func writeTable(w io.Writer, all []comparison) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "failure\tpredicted\thappened\tmissing: typical\tworst\tmeasured\tseconds from the failure")
	for _, c := range all {
		p := c.predicted
		typical, worst, missing := "-", "-", "-"
		if len(p.Down) > 0 {
			typical, worst = fmt.Sprintf("%.1f s", p.Seconds.Typical), fmt.Sprintf("%.1f s", p.Seconds.Worst)
		}
		if m := c.missing(); m > 0 {
			missing = fmt.Sprintf("%.1f s", m.Seconds())
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", c.name,
			describe(p.Fenced, p.Restart, p.Before, p.Runs, p.Blocked),
			describe(c.after.fenced, c.restarted(), c.services(c.before.runs), c.services(c.after.runs), c.after.blocked),
			typical, worst, missing, c.after.measured)
	}
	return t.Flush()
}
