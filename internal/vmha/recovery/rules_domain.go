package recovery

// boot is for a domain that was being started or restored.
func boot(s State, f Facts) Proposal {
	switch {
	case f.Domain == There && f.OnSource == There:
		return ask("two hosts run it", "end one of the two at once (virsh destroy one-ID): both write to the same disks")
	case f.Domain == There && f.Host != HostOff:
		return safe("its domain runs: only oned does not know it", Success)
	case f.Host == HostOff || f.Host == HostSilent:
		if s.Kind == Waits {
			switch s.LCM {
			case 19, 20, 21:
				if f.Host == HostOff {
					return safe("its host is off, so it does not run; it is then what it was before", Failure)
				}
			}
			return ask("its host "+hostDead(f.Host), "answer failure; it is then handled with its host", Failure)
		}
		return handle("its host " + hostDead(f.Host))
	case f.Domain == Absent && f.OnSource == There:
		return ask("it runs on the host that it came from", "virsh domstate one-ID on both; it must end there before it is started here")
	case f.Domain == Absent && f.sourceUnknown():
		return ask("it does not run here, and nobody knows whether the host that it comes from still runs it", "virsh domstate one-ID on both: only when none runs it, "+retryWord(s)+", else there are two of it on the same disks", retryChoices(s)...)
	case f.Domain == Absent && !f.idle():
		return ask("it does not run", "see that nothing starts it any more: ps -ef | grep one-ID; then "+retryWord(s), retryChoices(s)...)
	case f.Domain == Absent && s.LCM == 32:
		return safe("it does not run. A retry in this state asks for a restore, and there is no checkpoint, so failure comes first", Failure, Retry)
	case f.Domain == Absent:
		return safe("it does not run: what was to start it never came to its end", Retry)
	case s.Kind == Failed:
		return ask("it could not be started", "its log says why: onevm log; with the domain running answer success", Retry)
	}
	return wait("it was being started, and nobody waits for it any more. If it runs, the monitoring says so within minutes", "look on the host: virsh domstate one-ID; running: success, not there: "+retryWord(s))
}

func retryWord(s State) string {
	if s.LCM == 32 {
		return "failure, then retry"
	}
	return "retry"
}

func retryChoices(s State) []Choice {
	if s.LCM == 32 {
		return []Choice{Failure, Retry}
	}
	return []Choice{Retry}
}

// live is for a live migration: exactly one side must have the domain.
func live(_ State, f Facts) Proposal {
	switch {
	case f.Domain == There && f.OnSource == There:
		return ask("both hosts have its domain", "one of them is paused: virsh domstate on both; the hypervisor must end the migration first")
	case f.Domain == There && (f.OnSource == Absent || f.Source == HostOff) && f.idle():
		return safe("it runs on the target and not on the source", Success)
	case f.OnSource == There && f.gone() && f.idle():
		return safe("it runs on the source and not on the target", Failure)
	case f.gone() && (f.OnSource == Absent || f.Source == HostOff):
		return ask("neither host has its domain", "failure makes it RUNNING on the source, where the monitoring finds it off; start it from there", Failure)
	}
	return ask("it was being migrated, and nobody waits for it any more", "virsh domstate one-ID on both hosts: on the target: success, on the source: failure")
}

// save is for a domain whose memory was being written. In SAVE_MIGRATE the last
// record is the host that it goes to: it runs, and is saved, on the one before.
func save(s State, f Facts) Proposal {
	host, domain, where := f.Host, f.Domain, "its host"
	if s.LCM == 7 {
		if f.Domain == There {
			return ask("it runs on the host that it was to go to", "nothing in OpenNebula starts it there before its disks are moved: end it there (virsh destroy one-ID) before anything is answered")
		}
		host, domain, where = f.Source, f.OnSource, "the host that it comes from"
	}
	switch {
	case host == HostOff:
		return ask(where+" is off: what was saved until then is on its disks, if at all", "answer failure; it is then handled with its host", Failure)
	case domain == There && f.idle():
		return safe("it runs: saving it was not done", Failure)
	case domain == Absent && f.Checkpoint == There && f.idle():
		return safe("it does not run and its checkpoint is there", Success)
	case domain == Absent && f.Checkpoint == Absent && s.LCM == 7:
		return ask("it does not run and has no checkpoint: right for a poweroff before a migration, lost memory for any other", "onevm show: the last action in its history; for poweroff-migrate answer success", Success)
	case domain == Absent && f.Checkpoint == Absent:
		return ask("it does not run, and there is no checkpoint: its memory is lost", "failure makes it RUNNING, where the monitoring finds it off; start it from there", Failure)
	}
	return ask("it was being saved, and nobody waits for it any more", "virsh domstate one-ID on "+where+": running: failure; paused: it is being saved still; not there, with a checkpoint beside its disks: success")
}

// shutdown is for a domain that was being ended. A retry may turn a graceful end
// into a hard one, so it is never proposed.
func shutdown(s State, f Facts) Proposal {
	switch {
	case f.Host == HostOff && s.LCM == 18:
		return safe("its host is off, and so is it", Success)
	case f.Host == HostOff:
		return ask("its host is off, and so is it; its disks are still there", "success takes its disks from the host, which fails until it is back", Success)
	case f.Domain == Absent:
		return safe("it does not run any more", Success)
	case f.Domain == There && f.idle():
		return safe("it still runs; the order to end is given again when somebody gives it", Failure)
	}
	return wait("it was being shut down, and nobody waits for it any more. When the monitoring finds it off it goes on by itself", "virsh domstate one-ID on its host: not there: success, running: failure; never retry, which is a hard end")
}

// cleanup is for a virtual machine that is to go from its host.
func cleanup(s State, f Facts) Proposal {
	next := "it is deployed anew"
	if s.LCM == 23 {
		next = "it is gone"
	}
	switch {
	case f.Host == HostOff && f.idle():
		return safe("its host is off, so there is nothing to clean up that could run; "+next, Success)
	case f.Domain == Absent && f.idle():
		return safe("its domain is not on the host any more; what is left of its disks there may be removed by hand; "+next, Success)
	case f.Domain == There:
		return ask("its domain still runs on the host", "end it there first: virsh destroy one-ID; then answer success, else there are two of it", Success)
	}
	if f.Host == HostSilent {
		return ask("its host was being cleaned up, and does not answer: it may still run it", "see first that the host is without power (the host error hook does), else there are two of it; then answer success", Success)
	}
	return ask("its host was being cleaned up, and nobody waits for it any more", "see that its domain is not on the host (virsh domstate one-ID), and that nothing removes its disks any more (ps -ef | grep /ID/); then answer success", Success)
}

// unknown is for a virtual machine that the monitoring has lost.
func unknown(_ State, f Facts) Proposal {
	switch {
	case f.Host == HostOff || f.Host == HostSilent:
		return handle("its host " + hostDead(f.Host))
	case f.Domain == There:
		return wait("it runs; the monitoring says so within minutes", "see the host: onehost show")
	case f.Domain == Absent && f.Host == HostUp:
		return ask("its host is well and does not run it", "onevm resume starts it again there; oned takes no answer for this state that would")
	}
	return wait("the monitoring does not see it", "see its host: onehost show")
}

// device is for a disk or a NIC. oned takes every answer for that of an attach, so
// after a detach only failure does what was asked, and only when the device is gone.
func device(_ State, f Facts) Proposal {
	switch {
	case f.Operation == Remove && f.Thing == Absent && f.idle():
		return safe("the device is gone from the domain; failure, of all answers, drops it from the record", Failure)
	case f.Operation == Remove && f.Thing == There:
		return ask("the device was being detached and is still there", "take it away on the host (virsh detach-disk, virsh detach-interface) and answer failure; success would keep it in the record, which is not what was asked")
	case f.Operation == Add && f.Thing == There && f.idle():
		return safe("the domain has the device", Success)
	case f.Operation == Add && f.Thing == Absent && f.idle():
		return safe("the domain does not have the device", Failure)
	case f.Operation == Update && f.idle():
		return safe("its configuration was being changed: no device is marked as coming or going, so both answers only end the waiting", Success)
	}
	return ask("a device was being attached or detached, and nobody waits for it any more", "virsh dumpxml one-ID on its host: a device that is there stays in the record with success, one that is not goes with failure, whichever was asked")
}

// snapshot is for a snapshot that was being made, reverted or deleted.
func snapshot(_ State, f Facts) Proposal {
	switch {
	case f.Operation == Add && f.Thing == There && f.idle():
		return safe("the snapshot is there", Success)
	case f.Operation == Add && f.Thing == Absent && f.idle():
		return safe("the snapshot is not there", Failure)
	case f.Operation == Remove && f.Thing == Absent && f.idle():
		return safe("the snapshot is gone", Success)
	case f.Operation == Remove && f.Thing == There && f.idle():
		return safe("the snapshot is still there", Failure)
	case f.Operation == Revert:
		return ask("it was being reverted: nobody knows whether it is what it was or what it is to be", "look at what runs in it, or revert again; both answers only end the waiting", Success)
	}
	return ask("a snapshot was being made, reverted or deleted, and nobody waits for it any more", "virsh snapshot-list one-ID, or qemu-img snapshot -l on its disk, and compare with onevm show", Failure)
}

// reverted is for a disk that was being reverted to a snapshot.
func reverted(_ State, _ Facts) Proposal {
	return ask("a disk was being reverted to a snapshot: it may be half of the one and half of the other", "answer failure, and revert again before it is started", Failure)
}
