package recovery

// retryWhenIdle asks oned to do it again, which is safe only when nothing else does
// it still: a script of the Transfer Manager survives the oned that started it; and only
// when no domain has the disks open: a clean-up that failed may have left one.
func retryWhenIdle(why string, f Facts) Proposal {
	switch {
	case f.idle() && f.nowhere():
		return safe(why, Retry)
	case f.idle():
		return ask(why, "see that no host runs it, neither its own nor one that it comes from: virsh domstate one-ID", Retry)
	}
	return ask(why, "see that no script of the Transfer Manager works on it any more, on all front-ends and on its hosts: ps -ef | grep /ID/", Retry)
}

// runs is for disks that would be overwritten or taken away under a domain.
func runs(why string) Proposal {
	return ask(why+", and its domain runs", "whoever started it did so outside OpenNebula: end it there (virsh shutdown one-ID) before anything is answered; doing it again would touch disks that are in use")
}

// moved is for disks that are taken away where they were. The drivers ssh, local and
// ceph remove the whole directory at the target before they copy, and that at the
// source when all was copied: as long as nothing is gone from the source, doing it again
// loses nothing, and after that it loses the only copy. The disks of ceph are in no
// directory and not moved, those of LVM are volumes, so of both nobody knows by files.
// In an EPILOG nothing is removed at the target.
func moved(why string, s State, f Facts) Proposal {
	switch {
	case f.Disks == There:
		return retryWhenIdle(why+"; all of them are still there, so doing it again loses nothing", f)
	case f.Disks == Absent && s.Kind == Failed:
		return ask(why+"; "+arrived[s.LCM == 40], "oneha tm list ID: skip what is done, run what is not, then success")
	case f.Disks == Absent:
		return ask(why+"; "+arrived[s.LCM == 11], "answer failure, then oneha tm list ID: skip what is done, run what is not, then success", Failure)
	case s.LCM == 11 || s.LCM == 40:
		return ask(why, "see that no script works on it any more and that its persistent disks are still on the host: then retry. Those that are in their image datastore already make a retry fail, and lose nothing")
	}
	return ask(why, "see that no script works on it any more, and that all its disks are still where they are taken from: only then retry. With the drivers ssh, local and ceph a retry first removes the whole directory at the target")
}

// bring is for disks on their way to a host.
func bring(s State, f Facts) Proposal {
	why := "its disks were being brought to a host that is well, and nobody waits for it any more"
	switch {
	case f.Domain == There || f.OnSource == There:
		return runs("its disks were being brought to its host")
	case f.Host == HostUp && (s.LCM == 1 || s.LCM == 39):
		return retryWhenIdle(why+"; the images keep what is copied from them, so it begins from the start", f)
	case f.Host == HostUp:
		return moved(why, s, f)
	case f.Host == HostOff || f.Host == HostSilent:
		if s.Kind == Failed {
			return ask("its host "+hostDead(f.Host), "it cannot be deployed there: the host error hook, or onevm recover --recreate for a new deployment when nothing on its disks is to be kept")
		}
		return ask("its host "+hostDead(f.Host)+", so bringing its disks fails", "answer failure; it is then handled with its host", Failure)
	}
	return ask("its disks were being brought to its host, and nobody waits for it any more", "see that the host is well and that no script works on it any more", Retry)
}

// take is for disks on their way from a host. What is persistent on them is only
// there until they arrived.
func take(s State, f Facts) Proposal {
	why := "its disks were being taken from a host that is well, and nobody waits for it any more"
	switch {
	case f.Domain == There || f.OnSource == There:
		return runs("its disks were being taken from its host")
	case f.Host == HostUp:
		return moved(why, s, f)
	case f.Host == HostOff || f.Host == HostSilent:
		if s.Kind == Failed {
			return wait("its disks are on a host that "+hostDead(f.Host), "retry when the host is back; success would lose what is persistent on disks of the host itself")
		}
		return ask("its disks are on a host that "+hostDead(f.Host), "answer failure now, and retry when the host is back", Failure)
	}
	return ask("its disks were being taken from its host, and nobody waits for it any more", "see that the host is well and that no script works on it any more", Retry)
}

// move is for disks on their way between two hosts.
func move(s State, f Facts) Proposal {
	switch {
	case f.Domain == There || f.OnSource == There:
		return runs("its disks were being moved between two hosts")
	case f.Host == HostUp && f.Source == HostUp:
		return moved("its disks were being moved between two hosts that are well, and nobody waits for it any more", s, f)
	case f.Source == HostOff || f.Source == HostSilent:
		return ask("the host that it comes from "+hostDead(f.Source), "look at the target: with all disks there (onevm show, system datastore) answer success, else wait for the host to come back", Retry)
	case f.Host == HostOff || f.Host == HostSilent:
		if s.Kind == Failed {
			return ask("the host that it goes to "+hostDead(f.Host), "failure brings it back to the source: see first that its disks are still there", Failure)
		}
		return ask("the host that it goes to "+hostDead(f.Host), "failure twice brings it back to the source: see first that its disks are still there", Failure, Failure)
	}
	return ask("its disks were being moved to another host, and nobody waits for it any more", "see that both hosts are well, that no script works on it any more, and that all its disks are still on the source: only then retry")
}

// evacuate is for what the host's incident has begun: a virtual machine of a host that
// failed, on shared storage, where nothing is moved. What follows is its start on
// the target, so the source must not run it.
func evacuate(s State, f Facts) Proposal {
	why := "it was being brought from a host that failed to one that is well; on shared storage nothing is copied"
	switch {
	case f.Domain == There || f.OnSource == There:
		return ask("it was being brought from a host that failed to another, and its domain runs", "end it where it runs before anything is answered (virsh destroy one-ID), else there are two of it on the same disks")
	case f.Host == HostOff || f.Host == HostSilent:
		return handle("the host that it was to go to " + hostDead(f.Host) + ", too")
	case f.Host == HostUp && (f.Source == HostOff || f.OnSource == Absent):
		return retryWhenIdle(why, f)
	case f.Source == HostSilent:
		return ask("it was being brought from a host that does not answer, and nobody saw that host without power", "see first that the old host is off: it may still run it, and what follows starts it on the new one", Retry)
	}
	return ask("it was being brought from a host that failed to another, and nobody waits for it any more", "see that the old host does not run it, and that the new one is well", Retry)
}

// copied is for a disk, an image or a backup whose copy was cut off. The virtual
// machine itself is whole, and the copy is not.
func copied(s State, f Facts) Proposal {
	why := "a copy was being made, and nobody waits for it any more: it may be cut off, so it must not count as whole"
	if s.LCM == 69 || s.LCM == 70 {
		why += "; a backup job that is left on the host ends with virsh domjobabort"
	}
	if f.idle() {
		return safe(why, Failure)
	}
	return ask(why, "see that nothing copies any more; make the copy again afterwards", Failure)
}

// returned is for a disk that is taken from a virtual machine that is off: what is
// persistent on it may be on the host, in its datastore, or half in each.
func returned(_ State, f Facts) Proposal {
	if f.Disks == There && f.idle() {
		return safe("a disk was being detached, and it is still on the host", Failure)
	}
	return ask("a disk was being detached, and nobody waits for it any more", "where is it? On the host: failure, then detach it again. Whole in its image datastore: success", Failure)
}

// resized is for a change of size or capacity.
func resized(s State, f Facts) Proposal {
	const look = "compare what the hypervisor has (virsh dominfo, qemu-img info) with the record: success keeps the new figure, failure the old one"
	switch {
	case s.LCM == 63 || s.LCM == 64:
		return ask("the size of a disk was being changed; both answers end in the same state", look, Failure)
	case f.Thing == There:
		return safe("the hypervisor has the new figure", Success)
	case f.Thing == Absent:
		return safe("the hypervisor has the old figure", Failure)
	}
	return ask("its size or capacity was being changed, and nobody waits for it any more", look, Failure)
}

// restored is for disks that come back from a backup.
func restored(s State, f Facts) Proposal {
	return ask("its disks were being restored from a backup: they may be half of one and half of the other", "answer failure, and restore again before it is started; it stays off in any case", Failure)
}
