package recovery

import (
	"slices"
	"testing"
)

// everyCase calls do with all states that have a rule and all combinations of facts;
// what is at rest, or not ACTIVE, is proposed without a look at any.
func everyCase(do func(Facts, State, Proposal)) {
	for _, s := range States {
		if s.State != Active || rules[s.LCM] == nil {
			do(Facts{State: s.State, LCM: s.LCM}, s, Propose(Facts{State: s.State, LCM: s.LCM}))
			continue
		}
		for host := HostUnasked; host <= HostOff; host++ {
			for source := HostUnasked; source <= HostOff; source++ {
				for op := OperationUnknown; op <= Update; op++ {
					for n := range 3 * 3 * 3 * 3 * 3 * 3 {
						p := func() Presence { v := Presence(n % 3); n /= 3; return v }
						f := Facts{State: s.State, LCM: s.LCM, Host: host, Source: source, Operation: op,
							Domain: p(), OnSource: p(), Checkpoint: p(), Disks: p(), Thing: p(), Worker: p()}
						do(f, s, propose(s, f))
					}
				}
			}
		}
	}
}

var byName = func() map[string]State {
	all := map[string]State{}
	for _, s := range States {
		all[s.Name] = s
	}
	return all
}()

// after is where the choices lead, by the table; ok is false when one of them does
// nothing or is refused.
func after(s State, choices []Choice) (end State, last Outcome, ok bool) {
	for _, c := range choices {
		last = s.Outcome(c)
		switch {
		case last.Nothing || last.Refused:
			return s, last, false
		case last.To != "":
			var found bool
			if s, found = byName[last.To]; !found {
				return s, last, false
			}
		}
	}
	return s, last, true
}

// What is called safe does something, is no trap, and is borne out by what was found.
func TestSafeIsProved(t *testing.T) {
	seen := 0
	everyCase(func(f Facts, s State, p Proposal) {
		readable(t, f, s, p)
		if p.Verdict != Safe {
			return
		}
		seen++
		end, _, ok := after(s, p.Choices)
		switch {
		case len(p.Choices) == 0 || !ok:
			t.Fatalf("%s %+v: %v does nothing", s.Name, f, p.Choices)
		case f.Worker == There:
			t.Fatalf("%s %+v: safe though something still works on it", s.Name, f)
		case p.Choices[len(p.Choices)-1] == Retry && f.Worker != Absent:
			t.Fatalf("%s %+v: done again, and nobody looked whether something still does it", s.Name, f)
		case slices.Contains(p.Choices, Retry) && moves[s.LCM] && f.Disks != There:
			t.Fatalf("%s %+v: moves disks again that nobody saw where they are taken from", s.Name, f)
		case slices.Contains(p.Choices, Retry) && (f.Domain == There || f.OnSource == There):
			t.Fatalf("%s %+v: done again under a domain that runs", s.Name, f)
		case slices.Contains(p.Choices, Retry) && f.Domain != Absent:
			t.Fatalf("%s %+v: done again, and nobody looked whether its domain runs", s.Name, f)
		case slices.Contains(p.Choices, Retry) && f.OnSource == Unasked && (f.Source == HostUp || f.Source == HostSilent):
			t.Fatalf("%s %+v: done again, and it may run on the host that it comes from", s.Name, f)
		case (end.Name == "BOOT" || s.LCM == 60 || s.LCM == 61) && s.LCM >= 60 && f.Source != HostOff && f.OnSource != Absent:
			t.Fatalf("%s %+v: is started, and may run on the host that it comes from", s.Name, f)
		case s.LCM == 7 && f.OnSource == Unasked:
			t.Fatalf("%s %+v: nobody looked where it is saved", s.Name, f)
		case slices.Contains(p.Choices, Retry) && s.Outcome(Retry).Trap != "" && p.Choices[0] == Retry:
			t.Fatalf("%s %+v: retry is a trap: %s", s.Name, f, s.Outcome(Retry).Trap)
		case slices.Contains(p.Choices, Delete) || slices.Contains(p.Choices, Recreate) || slices.Contains(p.Choices, DeleteDB):
			t.Fatalf("%s %+v: proposes %v", s.Name, f, p.Choices)
		case p.Choices[0] == Success && f.Operation == Remove && rulesOfDevices[s.LCM]:
			t.Fatalf("%s %+v: success on a detach", s.Name, f)
		case end.Name == "RUNNING" && f.Domain != There && f.OnSource != There && f.Thing == Unasked && !wasRunning[s.LCM]:
			t.Fatalf("%s %+v: would be RUNNING, and nobody saw its domain", s.Name, f)
		case (end.Name == "POWEROFF" || end.Name == "EPILOG" || end.Name == "EPILOG_UNDEPLOY" || end.Name == "SUSPENDED") && shutsDown[s.LCM] && !f.gone():
			t.Fatalf("%s %+v: would be %s, and nobody saw that its domain is gone", s.Name, f, end.Name)
		case s.LCM == 61 && p.Choices[0] == Failure:
			t.Fatalf("%+v: boots on the dead host", f)
		}
	})
	if seen == 0 {
		t.Fatal("nothing is ever safe")
	}
	t.Logf("%d sets of facts prove an answer", seen)
}

var (
	rulesOfDevices = map[int]bool{17: true, 25: true, 65: true}
	shutsDown      = map[int]bool{12: true, 18: true, 29: true, 5: true, 6: true}
	// The virtual machine runs all the while, or its monitoring finds out.
	wasRunning = map[int]bool{17: true, 24: true, 25: true, 26: true, 57: true, 59: true, 62: true, 66: true, 69: true}
)

// Without facts nothing is safe; with nothing to recover nothing is proposed.
func TestNoFactsNoCertainty(t *testing.T) {
	for _, s := range States {
		p := Propose(Facts{State: s.State, LCM: s.LCM})
		switch {
		case p.Verdict == Safe:
			t.Errorf("%s: safe without a fact", s.Name)
		case (p.Verdict == Leave) != (s.Kind == Rest):
			t.Errorf("%s is of kind %v, and the verdict is %v", s.Name, s.Kind, p.Verdict)
		}
	}
}

// Every proposal can be read: it says why, and what to look at when it is not sure.
func readable(t *testing.T, f Facts, s State, p Proposal) {
	switch {
	case p.Why == "":
		t.Fatalf("%s %+v: no reason", s.Name, f)
	case (p.Verdict == Ask || p.Verdict == Wait || p.Verdict == Handle) && p.Look == "":
		t.Fatalf("%s %+v: does not say what to look at", s.Name, f)
	case p.Verdict == Ask && len(p.Choices) > 0:
		if _, _, ok := after(s, p.Choices); !ok {
			t.Fatalf("%s %+v: %v does nothing", s.Name, f, p.Choices)
		}
	case (p.Verdict == Wait || p.Verdict == Leave || p.Verdict == Handle) && len(p.Choices) > 0:
		t.Fatalf("%s %+v: %v with choices", s.Name, f, p.Verdict)
	}
}

// The traps of the table and those of the facts are refused.
func TestTrapsAreRefused(t *testing.T) {
	for _, s := range States {
		p := Propose(Facts{State: s.State, LCM: s.LCM})
		for _, c := range Choices {
			if s.Outcome(c).Trap != "" && p.Refuses(c) == "" {
				t.Errorf("%s: %v is not refused", s.Name, c)
			}
		}
	}
	for _, c := range []struct {
		what   string
		f      Facts
		choice Choice
	}{
		{"success of a boot that did not happen", Facts{State: Active, LCM: 2, Host: HostUp, Domain: Absent}, Success},
		{"poweroff of a domain that runs", Facts{State: Active, LCM: 18, Host: HostUp, Domain: There}, Success},
		{"a second script beside the first", Facts{State: Active, LCM: 1, Host: HostUp, Worker: There}, Retry},
		{"a new copy beside a domain that runs", Facts{State: Active, LCM: 15, Host: HostUp, Domain: There}, Success},
		{"deployed anew while it runs", Facts{State: Active, LCM: 3, Host: HostUp, Domain: There}, Recreate},
		{"hard end by retry", Facts{State: Active, LCM: 12, Host: HostUp, Domain: There}, Retry},
		{"boot on a dead host", Facts{State: Active, LCM: 61, Host: HostUp, Source: HostOff}, Failure},
		{"disks moved again that have arrived", Facts{State: Active, LCM: 8, Host: HostUp, Source: HostUp, Disks: Absent, Worker: Absent}, Retry},
		{"disks brought again under a domain", Facts{State: Active, LCM: 39, Host: HostUp, Domain: There, Worker: Absent}, Retry},
	} {
		if Propose(c.f).Refuses(c.choice) == "" {
			t.Errorf("%s: not refused", c.what)
		}
	}
}

// A retry in BOOT_UNDEPLOY asks for a restore that cannot work.
func TestNoRestoreWithoutCheckpoint(t *testing.T) {
	p := Propose(Facts{State: Active, LCM: 32, Host: HostUp, Domain: Absent, Worker: Absent})
	if p.Verdict != Safe || !slices.Equal(p.Choices, []Choice{Failure, Retry}) {
		t.Errorf("%v %v", p.Verdict, p.Choices)
	}
}

func FuzzPropose(f *testing.F) {
	f.Add(3, 17, 1, 1, 2, 1)
	f.Fuzz(func(t *testing.T, state, lcm, host, domain, thing, op int) {
		p := Propose(Facts{State: state, LCM: lcm, Host: Power(host), Domain: Presence(domain), Thing: Presence(thing), Operation: Operation(op)})
		if p.Why == "" {
			t.Error("no reason")
		}
	})
}
