package hypervisor

import (
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/vmha/recovery"
)

// Case is a virtual machine whose facts are looked for.
type Case struct {
	VM     one.PoolVM
	Inside one.WholeVM // what the pool tells of it, with the last record of its history
	Facts  *recovery.Facts
	whole  one.WholeVM
	last   one.Stay // its last history record
	prev   one.Stay // the record before it, on the host that it comes from; zero without
}

// States whose facts are more than whether a domain runs.
var (
	moving  = lcms(4, 7, 8, 35, 37, 38, 43, 44, 45, 46, 60, 61) // between two hosts
	come    = lcms(1, 2, 36, 39)                                // first brought to and started on a host: from a dead one, perhaps, which may run it
	device  = lcms(17, 25)
	snapped = lcms(24)
	saving  = lcms(5, 6, 7)
	taken   = lcms(8, 10, 11, 30, 34, 38, 40, 41, 42, 43, 44, 45, 46) // disks away from a host
	brought = lcms(9, 31, 49, 50)                                     // disks away from the front-end
)

// detached is HOTPLUG_EPILOG_POWEROFF.
const detached = 34

func lcms(list ...int) map[int]bool {
	set := map[int]bool{}
	for _, n := range list {
		set[n] = true
	}
	return set
}

// needsBefore reports whether the record before the last is to be asked for: it has the
// host that a machine comes from, and what was begun on a device.
func (c *Case) needsBefore() bool {
	n := c.Facts.LCM
	return c.Facts.State == recovery.Active && c.VM.Seq > 0 && (moving[n] || come[n] || device[n])
}

// know takes in what is inside, and where it was.
func (c *Case) know(whole one.WholeVM) {
	c.whole = whole
	slices.SortFunc(c.whole.History, func(a, b one.Stay) int { return a.Seq - b.Seq })
	if n := len(c.whole.History); n > 0 && c.whole.History[n-1].Seq == c.VM.Seq {
		c.last = c.whole.History[n-1]
		if n > 1 {
			c.prev = c.whole.History[n-2]
		}
	}
}

// domain is what the hypervisor calls the virtual machine.
func (c *Case) domain() string {
	if c.VM.Domain != "" {
		return c.VM.Domain
	}
	return "one-" + strconv.Itoa(c.VM.ID)
}

// source is the host that it comes from while it is moved, or when what a recreate or
// the incident of that host has begun brings it elsewhere; "" otherwise.
func (c *Case) source() string {
	if n := c.Facts.LCM; !moving[n] && !come[n] || c.prev.Host == c.VM.Host {
		return ""
	}
	return c.prev.Host
}

// libvirt reports whether virsh knows what that driver runs.
func libvirt(driver string) bool {
	driver = strings.ToLower(driver)
	return driver == "kvm" || driver == "qemu"
}

// dir is the directory of the virtual machine on a host.
func (c *Case) dir(datastores string, stay one.Stay) string {
	return path.Join(datastores, strconv.Itoa(stay.Datastore), strconv.Itoa(c.VM.ID))
}

// savedAt is the stay whose domain is saved, and whose checkpoint it is.
func (c *Case) savedAt() one.Stay {
	if c.Facts.LCM == 7 {
		return c.prev
	}
	return c.last
}

// takenFrom is the stay whose disks are taken away; the front-end's have no host.
func (c *Case) takenFrom() (stay one.Stay, frontEnd bool) {
	switch n := c.Facts.LCM; {
	case brought[n]:
		return c.last, true
	case moving[n]:
		return c.prev, false
	}
	return c.last, false
}

// ask adds what is to be asked about it to the questions; front is the front-end's.
func (c *Case) ask(questions map[string]Question, front *Question, datastores string) {
	add := func(host string, change func(*Question)) {
		if host == "" {
			return
		}
		q := questions[host]
		change(&q)
		questions[host] = q
	}
	add(c.VM.Host, func(q *Question) {
		if device[c.Facts.LCM] {
			q.XML = append(q.XML, c.domain())
		}
		if snapped[c.Facts.LCM] {
			q.Snapshots = append(q.Snapshots, c.domain())
		}
	})
	add(c.source(), func(*Question) {})
	if saving[c.Facts.LCM] {
		stay := c.savedAt()
		add(stay.Host, func(q *Question) { q.Dirs = append(q.Dirs, c.dir(datastores, stay)) })
	}
	if stay, frontEnd := c.takenFrom(); frontEnd {
		front.Dirs = append(front.Dirs, c.dir(datastores, stay))
	} else if taken[c.Facts.LCM] {
		add(stay.Host, func(q *Question) { q.Dirs = append(q.Dirs, c.dir(datastores, stay)) })
	}
}

// learn sets the facts by what the hosts said.
func (c *Case) learn(reports map[string]Report, fronts []Report, power map[string]recovery.Power, datastores string) {
	f := c.Facts
	f.Host = power[c.VM.Host]
	f.Domain = c.presence(reports, c.VM.Host, c.VM.Driver)
	f.Source, f.OnSource = recovery.HostUnasked, recovery.Unasked
	if source := c.source(); source != "" {
		f.Source = power[source]
		if r, asked := reports[source]; asked && r.Err == nil {
			f.Source = recovery.HostUp // also one that OpenNebula has no more
		}
		f.OnSource = c.presence(reports, source, c.prev.Driver)
	}
	f.Worker = c.worker(reports, fronts, power)
	if saving[f.LCM] {
		f.Checkpoint = c.checkpoint(reports, datastores)
	}
	if taken[f.LCM] || brought[f.LCM] {
		f.Disks = c.disks(reports, fronts, datastores)
	}
	if device[f.LCM] {
		f.Operation, f.Thing = c.device(reports[c.VM.Host])
	}
	if snapped[f.LCM] {
		f.Operation, f.Thing = c.snapshot(reports[c.VM.Host])
	}
}

// presence is whether the domain runs on a host.
func (c *Case) presence(reports map[string]Report, host, driver string) recovery.Presence {
	r, asked := reports[host]
	if !asked || r.Err != nil || r.Domains == nil || !libvirt(driver) {
		return recovery.Unasked
	}
	state, there := r.Domains[c.domain()]
	switch {
	case !there, state == "shut off", state == "crashed":
		if r.Guests[c.domain()] {
			return recovery.Unasked // libvirt has lost it, or is not the one that runs it
		}
		return recovery.Absent
	case state == "running", state == "idle", state == "in shutdown":
		return recovery.There
	}
	return recovery.Unasked // paused: it is being saved, migrated, started or stopped, or by a person
}

// worker is whether something works on it still, on any machine that may.
func (c *Case) worker(reports map[string]Report, fronts []Report, power map[string]recovery.Power) recovery.Presence {
	all := true
	look := func(r Report) bool {
		if r.Err != nil || r.AtWork == nil {
			all = false
			return false
		}
		_, found := r.AtWork[c.VM.ID]
		return found
	}
	for _, r := range fronts {
		if look(r) {
			return recovery.There
		}
	}
	for _, host := range []string{c.VM.Host, c.source()} {
		if host == "" || power[host] == recovery.HostOff {
			continue
		}
		if look(reports[host]) {
			return recovery.There
		}
	}
	if n := c.Facts.LCM; moving[n] && c.source() == "" || come[n] && c.VM.Seq > 0 && c.prev.Host == "" { // where it comes from is not known
		all = false
	}
	if !all || len(fronts) == 0 {
		return recovery.Unasked
	}
	return recovery.Absent
}

// checkpoint is whether the memory was saved since the domain last began to run: what
// an earlier save has left is not it.
func (c *Case) checkpoint(reports map[string]Report, datastores string) recovery.Presence {
	stay := c.savedAt()
	files, known := reports[stay.Host].Dirs[c.dir(datastores, stay)]
	if !known || stay.Host == "" || stay.RunBegin == 0 {
		return recovery.Unasked
	}
	file, there := files["checkpoint"]
	switch {
	case !there:
		return recovery.Absent
	case file.Size > 0 && file.Changed.After(time.Unix(stay.RunBegin, 0)):
		return recovery.There
	}
	return recovery.Unasked
}

// disks is whether all disks are where they are to be taken from. The drivers shared
// and qcow2 move nothing between hosts on one datastore: source and target are the same
// place. Between two datastores they rename the directory, into one that is there already.
// A disk that is detached goes from there as well.
func (c *Case) disks(reports map[string]Report, fronts []Report, datastores string) recovery.Presence {
	stay, frontEnd := c.takenFrom()
	if tm := c.last.Transfer; tm == stay.Transfer && c.last.Datastore == stay.Datastore && (tm == "shared" || tm == "qcow2") && c.Facts.LCM != detached {
		return recovery.There
	}
	r := reports[stay.Host]
	if frontEnd {
		r = fronts[0]
	}
	files, known := r.Dirs[c.dir(datastores, stay)]
	if !known || len(c.whole.Disks) == 0 || stay.Transfer != "ssh" && stay.Transfer != "local" {
		return recovery.Unasked // other drivers keep no files, or not only
	}
	for _, d := range c.whole.Disks {
		if _, there := files["disk."+strconv.Itoa(d.ID)]; !there {
			return recovery.Absent
		}
	}
	return recovery.There
}
