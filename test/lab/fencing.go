package lab

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Fencing is a fencing operation from the history that Pacemaker's fencers keep.
type Fencing struct {
	Target, Action string
	Delegate       string    // node that carried it out
	Device         string    // of the delegate's last success against the target, by resource ID; "" when no log tells
	Status         string    // "success", "failed" or "pending"
	Completed      time.Time // to the second
}

// Fencings asks Pacemaker which nodes were fenced, oldest first, and finds in the
// delegates' logs by which device. Every node is asked: one that was fenced has
// forgotten all when it comes back, until its peers tell it (within 30 seconds).
func (c *Cluster) Fencings(ctx context.Context) ([]Fencing, error) {
	var list []Fencing
	var errs []error
	answers := 0
	for _, n := range c.Nodes {
		if !n.responsive() {
			continue
		}
		asking, cancel := context.WithTimeout(ctx, askLimit)
		r, err := n.Exec(asking, "stonith_admin", "--history", "*", "--verbose", "--output-as=xml")
		cancel()
		if err != nil {
			errs = append(errs, err) // its cluster is not up; another's may be
			continue
		}
		known, err := parseFencings(r.Stdout)
		if err != nil {
			return nil, err
		}
		answers++
		for _, f := range known {
			if !slices.Contains(list, f) {
				list = append(list, f)
			}
		}
	}
	if answers == 0 {
		return nil, fmt.Errorf("ask for fencing history: no node answers: %w", errors.Join(errs...))
	}
	logs := map[string]string{} // by delegate
	for i, f := range list {
		if _, read := logs[f.Delegate]; !read {
			logs[f.Delegate] = c.fencingLog(ctx, f.Delegate)
		}
		list[i].Device = deviceIn(logs[f.Delegate], f.Target)
	}
	sortFencings(list)
	return list, nil
}

// completedForms are how Pacemaker's releases write the time of a fencing.
var completedForms = []string{"2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 Z07:00", "2006-01-02 15:04:05 -07:00"}

// parseFencings reads stonith_admin --history --output-as=xml. The element
// around the events differs between releases of Pacemaker; they do not.
func parseFencings(text string) ([]Fencing, error) {
	var list []Fencing
	in := xml.NewDecoder(strings.NewReader(text))
	for {
		token, err := in.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read fencing history: %w", err)
		}
		e, ok := token.(xml.StartElement)
		if !ok || e.Name.Local != "fence_event" {
			continue
		}
		f := Fencing{Target: attribute(e, "target"), Action: attribute(e, "action"), Delegate: attribute(e, "delegate"), Status: attribute(e, "status")}
		for _, form := range completedForms {
			if t, err := time.Parse(form, attribute(e, "completed")); err == nil {
				f.Completed = t.UTC()
			}
		}
		list = append(list, f)
	}
	sortFencings(list)
	return list, nil
}

func sortFencings(list []Fencing) {
	slices.SortStableFunc(list, func(a, b Fencing) int { return a.Completed.Compare(b.Completed) })
}

// fencingLog returns what a node's log says of the fence devices it used, "" when
// the node does not answer.
func (c *Cluster) fencingLog(ctx context.Context, name string) string {
	for _, n := range c.Nodes {
		if n.Name != name || !n.responsive() {
			continue
		}
		asking, cancel := context.WithTimeout(ctx, askLimit)
		defer cancel()
		r, err := n.Exec(asking, "grep", "-E", "targeting [^ ]+ using ", "/var/log/pacemaker/pacemaker.log")
		if err != nil {
			return ""
		}
		return r.Stdout
	}
	return ""
}

var deviceForm = regexp.MustCompile(`targeting (\S+) using (\S+) returned 0`)

// deviceIn reads from lines of pacemaker.log the device of the last successful
// operation against target.
func deviceIn(log, target string) string {
	device := ""
	for line := range strings.Lines(log) {
		if m := deviceForm.FindStringSubmatch(line); m != nil && m[1] == target {
			device = m[2]
		}
	}
	return device
}

// Agent returns the fence agent of a device of the spec, "" for an unknown one.
func (c *Cluster) Agent(device string) string {
	for _, d := range c.Spec.Fencing {
		if d.ID == device {
			return d.Agent
		}
	}
	return ""
}
