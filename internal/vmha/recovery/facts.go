package recovery

// Power is what is known of a host.
type Power int

const (
	HostUnasked Power = iota // nobody looked, or what was found says nothing
	HostUp                   // it answers
	HostSilent               // it does not answer, and nobody saw its power off: it may run everything it ran
	HostOff                  // its power was seen off: nothing runs there
)

// Presence is what was found of a thing.
type Presence int

const (
	Unasked Presence = iota
	There
	Absent
)

// Operation is what was under way on a device or a snapshot.
type Operation int

const (
	OperationUnknown Operation = iota
	Add                        // attach, or make
	Remove                     // detach, or delete
	Revert
	Update // of its configuration, of a NIC's network, or a command in the guest: no device comes or goes
)

// Facts are what is known of a virtual machine that waits. The zero value of each
// means that nobody looked; a proposal never takes that for an answer.
type Facts struct {
	State, LCM int
	Host       Power    // of the last record in its history: the target of a migration
	Source     Power    // the host before that, where it is being moved from
	Domain     Presence // its domain on that host, running; Absent is off, or not defined; a paused one says nothing
	OnSource   Presence // its domain on Source
	Checkpoint Presence // the file that holds its memory, saved after it last began to run
	Disks      Presence // all of them where they are to be taken from, or on storage where taking them moves nothing
	Thing      Presence // the disk, NIC or snapshot under way, in the domain or beside the disk
	Operation  Operation
	Worker     Presence // a script or process that is still at work on it, on the front-end or a host
}

// gone reports that the domain surely does not run on its host.
func (f Facts) gone() bool { return f.Domain == Absent || f.Host == HostOff }

// nowhere reports that the domain surely does not run: neither on its host nor, when it
// comes from another, on that one.
func (f Facts) nowhere() bool { return f.gone() && f.OnSource != There && !f.sourceUnknown() }

// sourceUnknown reports that it comes from a host that may run it: nobody could say.
func (f Facts) sourceUnknown() bool {
	return f.OnSource == Unasked && (f.Source == HostUp || f.Source == HostSilent)
}

// hostDead says what is known of a host that does not answer.
func hostDead(p Power) string {
	if p == HostOff {
		return "is off"
	}
	return "does not answer"
}

// idle reports that surely nothing works on it any more.
func (f Facts) idle() bool { return f.Worker == Absent }

// Words are the facts that are known, for people.
func (f Facts) Words() (list []string) {
	power := func(host string, p Power) {
		if w := [...]string{"", "answers", "does not answer", "was seen without power"}[p]; w != "" {
			list = append(list, host+" "+w)
		}
	}
	is := func(p Presence, there, absent string) {
		if w := [...]string{"", there, absent}[p]; w != "" {
			list = append(list, w)
		}
	}
	power("the host", f.Host)
	is(f.Domain, "its domain runs there", "its domain does not run there")
	power("the host before", f.Source)
	is(f.OnSource, "its domain runs on the host before", "its domain does not run on the host before")
	is(f.Checkpoint, "its checkpoint is there", "there is no checkpoint")
	is(f.Disks, "all disks are where they are taken from", "some disks are not where they are taken from")
	if w := [...]string{"", "it was an attach or a creation", "it was a detach or a deletion", "it was a revert", "it was a change of its configuration"}[f.Operation]; w != "" {
		list = append(list, w)
	}
	is(f.Thing, "the hypervisor has what it is about", "the hypervisor does not have what it is about")
	is(f.Worker, "something works on it", "nothing works on it")
	return list
}
