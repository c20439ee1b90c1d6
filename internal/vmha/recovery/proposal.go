package recovery

// Verdict is how sure a proposal is.
type Verdict int

const (
	Leave  Verdict = iota // there is nothing to recover
	Wait                  // it may end by itself; look again
	Ask                   // a person has to decide, or to look at what Why names
	Handle                // the host is dead: its virtual machines are handled together, by the host's incident
	Safe                  // the facts prove it
)

var verdictNames = [...]string{"leave", "wait", "ask", "handle", "safe"}

// String is the word for it in tables and in JSON.
func (v Verdict) String() string { return verdictNames[v] }

// Proposal is what to do with a virtual machine.
type Proposal struct {
	Verdict Verdict
	Choices []Choice // what to answer, one after the other; of Ask the most likely, empty when there is none
	Why     string   // what probably happened, and what speaks for it
	Look    string   // with Wait and Ask: what to look at, or to do first
	Refused []Refusal
}

// Refusal is a choice that is not taken without being told to.
type Refusal struct {
	Choice Choice
	Why    string
}

// Refuses returns why a choice is refused, "" if it is not.
func (p Proposal) Refuses(c Choice) string {
	for _, r := range p.Refused {
		if r.Choice == c {
			return r.Why
		}
	}
	return ""
}

func safe(why string, choices ...Choice) Proposal {
	return Proposal{Verdict: Safe, Choices: choices, Why: why}
}

func ask(why, look string, choices ...Choice) Proposal {
	return Proposal{Verdict: Ask, Choices: choices, Why: why, Look: look}
}

func wait(why, look string) Proposal { return Proposal{Verdict: Wait, Why: why, Look: look} }

func handle(why string) Proposal {
	return Proposal{Verdict: Handle, Why: why, Look: "the host error hook takes all virtual machines of a dead host together, after its power was seen off: sudo -u oneadmin oneha hook missed; when nothing was missed, they wait for the scheduler"}
}
