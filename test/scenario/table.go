package scenario

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// WriteFailovers prints a table of failovers, one a column of seconds.
func WriteFailovers(w io.Writer, fs []Failover) error {
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "active node hangs\tfenced\tVIP on the peer\toned answers on the VIP\told node back")
	for _, f := range fs {
		fmt.Fprintf(t, "%s -> %s\t%s\t%s\t%s\t%s\n", f.Victim, f.Survivor, seconds(f.Fenced), seconds(f.VIP), seconds(f.Oned), seconds(f.Back))
	}
	return t.Flush()
}

// WriteSplits prints a table of link cuts.
func WriteSplits(w io.Writer, ss []Split) error {
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "link cut at\tsurvivor\tother fenced\twhole after healing")
	for _, s := range ss {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", s.Cut, s.Survivor, seconds(s.Fenced), seconds(s.Whole))
	}
	return t.Flush()
}

// WriteRecoveries prints a table of faults of oned.
func WriteRecoveries(w io.Writer, rs []Recovery) error {
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "fault\tfound after\toned answers after\ton the\twhat Pacemaker shows")
	for _, r := range rs {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", r.Fault, seconds(r.Detected), seconds(r.Answers), r.Node, r.Found)
	}
	return t.Flush()
}

// WriteFenced prints a table of fencings that somebody asked for. The last one is
// wrong when err is not nil.
func WriteFenced(w io.Writer, fs []Fenced, err error) error {
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "\tfenced by\tagent\tnode was\tpower off after\tfloating IP on the peer\tright")
	for i, f := range fs {
		right, vip := "yes", "all the time"
		if err != nil && i == len(fs)-1 {
			right = "NO"
		}
		if f.VIP > 0 {
			vip = seconds(f.VIP)
		}
		fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n", i+1, f.Order.Name, f.Device.Agent, f.Victim, seconds(f.Off), vip, right)
	}
	return t.Flush()
}

// WriteWrongPasswords prints a table of fence devices with a wrong password.
func WriteWrongPasswords(w io.Writer, ws []WrongPassword) error {
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "wrong password\tlogins refused\tPacemaker shows\tin the log")
	for _, f := range ws {
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\n", f.Agent, f.Logins, f.Shown, f.Logged)
	}
	return t.Flush()
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }
