package soak

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/oneha/oneha/internal/events"
	"github.com/oneha/oneha/test/lab"
)

// daemons are the programs of the cluster that are shown beside ours.
var daemons = []string{
	"corosync", "pacemakerd", "pacemaker-based", "pacemaker-fenced", "pacemaker-execd", "pacemaker-attrd", "pacemaker-schedulerd", "pacemaker-controld",
}

// node looks at a node of the cluster.
type node struct {
	*lab.Node
	record *record
	quiet  *atomic.Bool // no fault is being done

	rotated int    // how often the log of events was seen to begin anew
	log     uint64 // inode of the log of events
	lines   journalLines
}

// look adds everything that can be seen from outside, without asking the node to do
// anything. A node without power shows nothing.
func (n *node) look() {
	init := n.Init()
	if init == 0 {
		return
	}
	counts, dead := map[string]int{"oneha": 0, "ocf-opennebula": 0, "fence-bmc": 0}, 0 // ours also when there are none
	all := map[int]process{}
	for _, pid := range n.Processes() {
		if p, there := read(pid); there {
			all[pid] = p
		}
	}
	for _, p := range all {
		if p.state == 'Z' {
			dead++
			continue
		}
		name := p.name()
		counts[name]++
		// A daemon's child is the same as itself before it becomes another program.
		if slices.Contains(daemons, name) && all[p.above].name() != name {
			n.record.weigh(n.Name, name, p)
		}
		if part := watching(p); part != "" && watching(all[p.above]) == "" { // as with daemons
			n.record.weigh(n.Name, part, p)
		}
	}
	if n.quiet.Load() { // a fault starts and ends processes: what stays shows in the quiet after it
		n.count(counts, dead)
	}
	root := fmt.Sprintf("/proc/%d/root", init)
	for _, d := range directories {
		h := held(root, d.path, d.except)
		n.record.add(Key{n.Name, d.path, size}, "", float64(h.bytes)/1024)
		if n.quiet.Load() {
			n.record.add(Key{n.Name, d.path, files}, "", float64(h.files))
		}
	}
	if log := inode(filepath.Join(root, events.Dir, events.File)); log != 0 {
		if n.log != 0 && n.log != log {
			n.rotated++
		}
		n.log = log
	}
}

// count adds how many processes of each name there are, also of those of which there
// were some before.
func (n *node) count(counts map[string]int, dead int) {
	for _, name := range n.record.seen(n.Name, processes) {
		counts[name] += 0
	}
	for name, c := range counts {
		n.record.add(Key{n.Name, name, processes}, "", float64(c))
	}
	n.record.add(Key{n.Name, "all processes", zombies}, "", float64(dead))
}

// watching says which of the commands that the soak keeps open a process is, "" for none.
func watching(p process) string {
	if p.name() != "oneha" || !slices.ContainsFunc(p.args, func(a string) bool { return strings.HasPrefix(a, "--watch") }) {
		return ""
	}
	var words []string
	for _, a := range p.args[1:] {
		if strings.HasPrefix(a, "-") {
			break
		}
		words = append(words, a)
	}
	return "oneha " + strings.Join(words, " ") + " --watch"
}

// journalLines counts the lines of a node's journal from one look to the next. The first
// look counts what came before; begin forgets that.
type journalLines struct {
	boot         int // PID 1 of the journal that cursor is of
	cursor       string
	ours, others int
}

// begin reads what is there and counts from now on.
func (j *journalLines) begin(ctx context.Context, n *node) error {
	err := j.read(ctx, n)
	j.ours, j.others = 0, 0
	return err
}

// oursInJournal are the tags of what oneha's programs write to syslog: TYPE(RESOURCE)[PID] of a
// resource agent, fence_bmc_ipmi[PID] and so on of a fence agent.
var oursInJournal = regexp.MustCompile(`^(\w+\([^)]*\)|fence_bmc_\w+|fence_ilo_\w+|alert_oneha|oneha[\w-]*)(\[\d+\])?:?$`)

// journalTime bounds a look into the journal.
const journalTime = 30 * time.Second

// read counts what is new. With the boot of the node the journal begins again.
func (j *journalLines) read(ctx context.Context, n *node) error {
	init := n.Init()
	if init == 0 {
		return nil
	}
	if j.boot != init {
		j.boot, j.cursor = init, ""
	}
	ctx, cancel := context.WithTimeout(ctx, journalTime)
	defer cancel()
	args := []string{"journalctl", "--quiet", "--no-pager", "--boot", "--output=short-unix", "--show-cursor"}
	if j.cursor != "" {
		args = append(args, "--after-cursor="+j.cursor)
	}
	r, err := n.Exec(ctx, args...)
	if err != nil {
		return fmt.Errorf("read journal of %s: %w", n.Name, err)
	}
	for line := range strings.Lines(r.Stdout) {
		if cursor, ok := strings.CutPrefix(line, "-- cursor: "); ok {
			j.cursor = strings.TrimSpace(cursor)
			continue
		}
		f := strings.Fields(line)
		if len(f) < 3 || line[0] == ' ' {
			continue // a line of an entry of several
		}
		if oursInJournal.MatchString(f[2]) {
			j.ours++
		} else {
			j.others++
		}
	}
	return nil
}
