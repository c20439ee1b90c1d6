package chaos

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
)

// auditor is one that finds something, or cannot look.
func auditor(rule, found string, err error) Auditor {
	return Auditor{Rule: rule, Look: func(context.Context, *Round, Want) ([]string, error) {
		if found == "" {
			return nil, err
		}
		return []string{found}, err
	}}
}

// An auditor that cannot look must not keep the next from finding something.
func TestAllAuditorsLook(t *testing.T) {
	broken := errors.New("nobody answers")
	got, err := audit(t.Context(), nil, Want{}, []Auditor{auditor("first", "one", broken), auditor("second", "", nil), auditor("third", "two", nil)})
	check(t, got, "first: one", "third: two")
	if !errors.Is(err, broken) || !strings.HasPrefix(err.Error(), "first: ") {
		t.Errorf("error %v", err)
	}
	if got, err := audit(t.Context(), nil, Want{}, nil); err != nil || got == nil {
		t.Errorf("without violations: %#v, %v: the results need a list", got, err)
	}
}

// When a round fails nobody knows what the fault wants: those look who need not know, and
// the error stays.
func TestTheWorstIsLookedForAfterAFailure(t *testing.T) {
	all := auditors
	defer func() { auditors = all }()
	always, blind := auditor("address", "two holders", nil), auditor("writers", "", errors.New("no alarm to read"))
	always.Always, blind.Always = true, true
	auditors = []Auditor{always, auditor("settled", "nothing runs", nil), blind}
	failed := errors.New("wait for the floating IP: deadline exceeded")
	got, err := worst(t.Context(), nil, Want{}, failed)
	check(t, got, "address: two holders")
	if !errors.Is(err, failed) || !strings.Contains(err.Error(), "writers: no alarm to read") {
		t.Errorf("error %v", err)
	}
	auditors = all
	var rules []string
	for _, a := range all {
		if a.Always {
			rules = append(rules, a.Rule)
		}
	}
	if want := []string{all[0].Rule, "one oned at most", "no acknowledged write is lost"}; !slices.Equal(rules, want) {
		t.Errorf("after a failure these look: %q, want %q", rules, want)
	}
}

func TestARoundThatIsDoneAgainBeginsOnTheSameNode(t *testing.T) {
	s := Settings{Seed: 7, Rounds: 5, Fields: []string{"two-node"}}
	all, err := s.deeds()
	if err != nil || len(all) != 5 {
		t.Fatalf("%d rounds: %v", len(all), err)
	}
	s.Round, s.Before = 3, "one-server2"
	one, err := s.deeds()
	if err != nil || len(one) != 1 {
		t.Fatalf("%d rounds: %v", len(one), err)
	}
	want := all[2]
	want.before = "one-server2"
	if one[0] != want {
		t.Errorf("the round is %+v, want %+v", one[0], want)
	}
}
