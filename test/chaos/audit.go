package chaos

import "context"

// Auditor looks for one kind of harm after a round; each violation is a sentence.
type Auditor struct {
	Rule string // "the floating IP is answered by one machine at most"
	// Baseline notes, just before the fault, what Look compares with; nil for nothing.
	Baseline func(context.Context, *Round) error
	// Always is set when it can look also after a round that failed: whatever the cluster is
	// like then, and whatever came of the fault.
	Always bool
	Look   func(context.Context, *Round, Want) ([]string, error)
}

// auditors are all that there are. A round in which one of them finds something is the
// last of its cluster, so none of them has to forget what it has found.
var auditors = []Auditor{
	{Rule: "the floating IP is answered by one machine at most", Always: true, Look: auditVIP},
	{Rule: "one oned at most", Always: true, Look: auditWriters},
	{Rule: "no acknowledged write is lost", Always: true, Look: auditWrites},
	{Rule: "the right node survives", Look: auditPower},
	{Rule: "starts and stops in order", Look: auditOrder},
	{Rule: "everything has settled", Look: auditSettled},
	{Rule: ruleCIB, Baseline: noteCIB, Look: auditCIB},
	{Rule: ruleLeaks, Baseline: noteLeaks, Look: auditLeaks},
}

// Names under which auditors keep something from round to round.
const (
	ruleCIB   = "all nodes have the configuration of before"
	ruleLeaks = "nothing is left behind"
)
