package chaos

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/oneha/oneha/test/lab"
)

// auditVIP reads what the sampler has heard since the round began.
func auditVIP(_ context.Context, r *Round, want Want) ([]string, error) {
	report, err := r.VIP.Report()
	if err != nil {
		return nil, err
	}
	var nodes, excused []net.HardwareAddr
	for _, n := range r.Cluster.Nodes {
		nodes = append(nodes, n.MAC())
		if slices.Contains(want.Doubled, n.Name) {
			excused = append(excused, n.MAC())
		}
	}
	if want.Stranger {
		excused = append(excused, lab.SquatterMAC())
	}
	return judgeVIP(report, r.Start, nodes, excused)
}

// judgeVIP finds two machines with the address at one moment, and any that is none of the
// nodes. Those that the fault itself gave the address are excused.
func judgeVIP(report lab.Report, start time.Time, nodes, excused []net.HardwareAddr) (found []string, err error) {
	in := func(all []net.HardwareAddr, mac net.HardwareAddr) bool {
		return slices.ContainsFunc(all, func(one net.HardwareAddr) bool { return bytes.Equal(one, mac) })
	}
	heard := 0
	for _, s := range report.Spans {
		if s.Last.Before(start) {
			continue
		}
		heard++
		if !in(nodes, s.MAC) && !in(excused, s.MAC) {
			found = append(found, fmt.Sprintf("%s answered, which is no node", s.MAC))
		}
	}
	for _, o := range report.Overlaps {
		if !o.At.Before(start) && !in(excused, o.MAC) && !in(excused, o.Other) {
			found = append(found, fmt.Sprintf("%.3f s after the round's begin %s answered %s after %s did", o.At.Sub(start).Seconds(), o.MAC, o.After, o.Other))
		}
	}
	if heard == 0 {
		return found, errors.New("nobody answered in the whole round, so nothing was audited")
	}
	return shorten(found), nil
}

// auditWriters reads the alarm of the stand-ins for oned.
func auditWriters(_ context.Context, r *Round, _ Want) ([]string, error) {
	alarm, err := r.Cluster.SecondWriter()
	if err != nil || alarm == "" {
		return nil, err
	}
	return []string{strings.TrimSpace(alarm)}, nil
}

// auditWrites reads back what clients were told is written.
func auditWrites(ctx context.Context, r *Round, _ Want) ([]string, error) {
	lost, err := r.Writer.Lost(ctx)
	return shorten(lost), err
}

// longestList is how many violations of a sort are told one by one.
const longestList = 10

func shorten(found []string) []string {
	if more := len(found) - longestList; more > 0 {
		return append(found[:longestList], fmt.Sprintf("and %d more", more))
	}
	return found
}
