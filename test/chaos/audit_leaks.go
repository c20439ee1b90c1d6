package chaos

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/oneha/oneha/test/lab"
)

// leaks is what an auditor of leaks compares with: how the cluster was before the first
// fault.
type leaks struct {
	host        lab.Footprint
	files       map[string]string // node of each file, by node and path
	descriptors map[string]int    // by program: the most that a node's had
	forgiven    map[string]bool   // of the files, those that killed agents have begun since
}

// noteLeaks keeps it, once for the life of a cluster.
func noteLeaks(_ context.Context, r *Round) error {
	if r.Kept[ruleLeaks] != nil {
		return nil
	}
	now, err := look(r.Cluster)
	r.Kept[ruleLeaks] = now
	return err
}

// look counts what there is now.
func look(c *lab.Cluster) (l leaks, err error) {
	l = leaks{files: map[string]string{}, descriptors: map[string]int{}, forgiven: map[string]bool{}}
	if l.host, err = c.Footprint(); err != nil {
		return l, err
	}
	for _, n := range c.Nodes {
		root, err := inside(n)
		if err != nil {
			return l, err
		}
		for _, path := range drafts(root) {
			l.files[n.Name+":"+path] = n.Name
		}
		for _, p := range processes(n) {
			if slices.Contains(daemons, p.program) {
				l.descriptors[p.program] = max(l.descriptors[p.program], p.descriptors())
			}
		}
	}
	return l, nil
}

// daemons are the parts of the cluster that run for years.
var daemons = []string{"corosync", "pacemakerd", "pacemaker-based", "pacemaker-fenced", "pacemaker-execd", "pacemaker-attrd", "pacemaker-schedulerd", "pacemaker-controld"}

// slack is by how many descriptors a daemon may exceed its baseline: clients come and go.
const slack = 20

// goneLimit is how long what is about to go may be there.
const goneLimit = 10 * time.Second

// auditLeaks compares, and looks for processes of ours that are older than any action
// that has come to its end, and for those that nobody has waited for. What goes within a
// few seconds is none. What a killed agent has begun is taken away by its next stop: until
// then it is no leak.
func auditLeaks(ctx context.Context, r *Round, want Want) ([]string, error) {
	before, _ := r.Kept[ruleLeaks].(leaks)
	cleaned, err := stoppedOn(r)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, goneLimit)
	defer cancel()
	for {
		now, err := look(r.Cluster)
		if err != nil {
			return nil, err
		}
		before.forgive(now.files, want.Unclean, cleaned)
		found := append(judgeLeaks(before, now), leftProcesses(r.Cluster)...)
		if len(found) == 0 {
			return nil, nil
		}
		select {
		case <-ctx.Done():
			return found, nil
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// forgive takes the files that are there after a round in which agents were killed for
// ones of before, until their node has stopped everything in a round in which none was.
func (l leaks) forgive(now map[string]string, unclean bool, cleaned map[string]bool) {
	for path, node := range now {
		switch _, known := l.files[path]; {
		case unclean && !known:
			l.files[path] = node
			l.forgiven[path] = true
		case !unclean && l.forgiven[path] && cleaned[node]:
			delete(l.files, path)
			delete(l.forgiven, path)
		}
	}
}

// stoppedOn are the nodes on which the floating IP was stopped in the round, which is the
// last to be.
func stoppedOn(r *Round) (map[string]bool, error) {
	nodes := map[string]bool{}
	for _, n := range r.Cluster.Nodes {
		told, err := readEvents(n, r.Start)
		if err != nil {
			return nil, err
		}
		for _, s := range stepsOf(n.Name, told) {
			if s.kind == stopped && s.tier == 0 {
				nodes[n.Name] = true
			}
		}
	}
	return nodes, nil
}

// judgeLeaks finds what is there now and was not before.
func judgeLeaks(before, now leaks) (found []string) {
	if now.host != before.host {
		found = append(found, fmt.Sprintf("the host has %+v of the lab, and had %+v", now.host, before.host))
	}
	for _, path := range slices.Sorted(maps.Keys(now.files)) {
		if _, was := before.files[path]; !was {
			found = append(found, "a file that was only begun: "+path)
		}
	}
	for _, program := range slices.Sorted(maps.Keys(now.descriptors)) {
		if n, limit := now.descriptors[program], before.descriptors[program]+slack; n > limit {
			found = append(found, fmt.Sprintf("%s has %d open files, more than %d", program, n, limit))
		}
	}
	return found
}

// ours are programs that are there for one action at a time, and oldest is how old one
// may be when all has settled.
var ours = []string{"ocf-opennebula", "fence-bmc", "ipmitool", "oneha"}

const oldest = 30 * time.Second

// leftProcesses finds programs of ours that have been running for too long, and processes
// that have ended and stay so.
func leftProcesses(c *lab.Cluster) (found []string) {
	for _, n := range c.Nodes {
		for _, p := range processes(n) {
			switch {
			case p.dead:
				found = append(found, fmt.Sprintf("%s on %s has ended and nobody waits for it", p.program, n.Name))
			case slices.Contains(ours, p.program) && p.age > oldest:
				found = append(found, fmt.Sprintf("%s on %s has been running for %.0f s", p.program, n.Name, p.age.Seconds()))
			}
		}
	}
	return found
}

// Where our programs begin files that then take their places, in directories of their own
// and in those for everybody.
var (
	draftDirs  = []string{"run/resource-agents", "run/systemd/system", "etc/systemd/system", "etc/oneha", "var/lib/oneha", "var/log/oneha"}
	publicDirs = []string{"tmp", "var/tmp"}
)

// drafts are the files below a root directory that are called like those that were only
// begun.
func drafts(root string) (paths []string) {
	find := func(dirs []string, called func(string) bool) {
		for _, dir := range dirs {
			_ = filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
				if err == nil && called(d.Name()) { // else nothing is there, or not any more
					paths = append(paths, strings.TrimPrefix(path, filepath.Clean(root)))
				}
				return nil
			})
		}
	}
	find(draftDirs, func(name string) bool { // .lock is what the runs of oneha apply on a node wait for: it stays
		return name != ".lock" && strings.HasPrefix(name, ".") || strings.Contains(name, ".new")
	})
	find(publicDirs, func(name string) bool { return strings.HasPrefix(strings.TrimLeft(name, "."), "oneha") })
	return paths
}
