package recovery

import "slices"

// Propose says what is right for a virtual machine that no oned drives any more. It
// never proposes a trap, and Safe only what the facts prove.
func Propose(f Facts) Proposal {
	s := Find(f.State, f.LCM)
	p := propose(s, f)
	p.Refused = refusals(s, f, p)
	return p
}

func propose(s State, f Facts) Proposal {
	if f.State != Active {
		return outside(s)
	}
	if f.Worker == There {
		return wait("something still works on it, though no oned waits for it", "look again when that process has ended; what it does then is done")
	}
	if rule := rules[f.LCM]; rule != nil {
		return rule(s, f)
	}
	if s.Kind == Rest {
		return Proposal{Verdict: Leave, Why: "it " + s.Doing}
	}
	return ask("this state is not known to this version of oneha", "see what onevm show says of it")
}

// outside is for states other than ACTIVE.
func outside(s State) Proposal {
	switch s.State {
	case Cloning:
		return wait("it waits until its images were cloned, and goes on by itself then", "oneimage list: an image in LOCKED that nothing copies any more holds it up; delete that image or its copy anew, then this virtual machine")
	case CloningFailure:
		return ask("an image could not be cloned", "mend the image first: oneimage show; oned looks at it again when it is told", Success)
	}
	return Proposal{Verdict: Leave, Why: "it " + s.Doing}
}

// rules are what is right in a state that is not one of rest.
var rules = map[int]func(State, Facts) Proposal{
	1: bring, 9: bring, 31: bring, 39: bring, 49: bring, 50: bring,
	10: take, 11: take, 30: take, 40: take, 41: take, 42: take,
	8: move, 43: move, 45: move, 38: move, 44: move, 46: move,
	60: evacuate, 61: evacuate,
	2: boot, 19: boot, 20: boot, 21: boot, 22: boot, 32: boot, 35: boot, 36: boot, 37: boot, 47: boot, 48: boot,
	4: live, 5: save, 6: save, 7: save,
	12: shutdown, 18: shutdown, 29: shutdown,
	15: cleanup, 23: cleanup,
	16: unknown,
	17: device, 25: device, 65: device,
	24: snapshot, 51: snapshot, 53: snapshot, 54: snapshot, 56: snapshot, 57: snapshot, 59: snapshot,
	52: reverted, 55: reverted, 58: reverted,
	26: copied, 27: copied, 28: copied, 33: copied, 34: returned, 67: copied, 68: copied, 69: copied, 70: copied,
	62: resized, 63: resized, 64: resized, 66: resized,
	71: restored,
}

// arrived is why disks that are not all where they are taken from are not taken again;
// in an EPILOG (true) only those that are kept are, the others are deleted.
var arrived = map[bool]string{
	false: "some of its disks have arrived already, and the driver ssh would remove all at the target first",
	true:  "some of its disks were brought back or deleted already, and doing it again fails at the first that was brought back",
}

// moves are the states whose disks are taken away where they were. On the way out of
// 60 and 61 nothing is moved.
var moves = map[int]bool{8: true, 9: true, 10: true, 11: true, 30: true, 31: true, 38: true, 40: true, 41: true, 42: true,
	43: true, 44: true, 45: true, 46: true, 49: true, 50: true}

// refusals are the choices that no facts make right, and those that these facts
// make wrong.
func refusals(s State, f Facts, p Proposal) (list []Refusal) {
	for _, c := range []Choice{Success, Failure, Retry, Recreate, Delete, DeleteDB} {
		o := s.Outcome(c)
		why := o.Trap
		switch {
		case f.State == Active && (c == Recreate || c == Delete) && f.Domain == There:
			why = "its domain runs"
		case o.To == "RUNNING" && f.gone() && f.Domain != There && c != Retry && s.Kind != Monitored:
			why = "it does not run: oned would say RUNNING until the monitoring finds out, and of a host that is in ERROR already it may never"
		case (o.To == "POWEROFF" || o.To == "EPILOG" || o.To == "EPILOG_UNDEPLOY" || o.To == "DONE" || o.To == "PENDING") && c <= Retry && f.Domain == There && f.State == Active:
			why = "its domain runs on its host: oned would lose sight of it"
		case c == Retry && f.Disks == Absent && moves[f.LCM]:
			why = arrived[s.LCM == 11 || s.LCM == 40]
		case c == Retry && (f.Domain == There || f.OnSource == There) && (moves[f.LCM] || f.LCM == 1 || f.LCM == 39):
			why = "its domain runs: its disks are in use"
		case o.Again && f.Worker == There:
			why = "something still works on it: two would write to the same disks"
		}
		if why != "" && !(p.Verdict == Safe && slices.Contains(p.Choices, c)) {
			list = append(list, Refusal{c, why})
		}
	}
	return list
}
