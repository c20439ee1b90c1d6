package matrix

import (
	"strings"
	"testing"
)

// maxRefused is how often one process may offer credentials that are refused.
const maxRefused = 2

// broken returns which rules an outcome breaks. They hold whatever the fault: a
// device that misbehaves may keep an agent from doing its work, never make it lie.
func broken(o outcome, e evidence) (rules []string) {
	rule := func(holds bool, text string) {
		if !holds {
			rules = append(rules, text)
		}
	}
	success, name := o.Code == 0, e.action.name
	if !o.Killed {
		rule(o.Code == 0 || o.Code == 1 || o.Code == 2 && name == "status", "an exit code is 0 or 1, of status also 2")
		rule(!e.overdue, "a call ends by itself within its limits")
		rule(o.Code != 1 || o.Failed != "", "a failure says why")
	}
	rule(!success || name != "off" && name != "reboot" || e.wasOff, "off and reboot succeed only when the machine was off")
	rule(!success || name != "on" || o.On, "on succeeds only when the machine is on")
	rule(name != "status" || success == e.wasOn || o.Code == 1, "status is on only when the machine is")
	rule(name != "status" || (o.Code == 2) == !e.wasOn || o.Code == 1, "status is off only when the machine is")
	for command := range strings.FieldsSeq(o.Commands) {
		rule(name == "reboot" && command != "diag" || command == name, "no command is sent that was not asked for: "+command)
	}
	rule(name != "diag" || e.caller != cluster || o.Code == 1 && o.Commands == "", "the cluster gets no diag, which fences nothing")
	rule(e.refused <= maxRefused, "refused credentials are offered at most twice")
	for _, secret := range e.secrets {
		rule(!strings.Contains(e.stdout+e.stderr, secret), "no secret is printed")
	}
	return rules
}

// A rule that nothing can break would prove nothing.
func TestRules(t *testing.T) {
	status, off, on, monitor, diag := actions[0], actions[4], actions[3], actions[2], actions[6]
	fine := evidence{action: off, wasOff: true, wasOn: true}
	tests := []struct {
		name string
		o    outcome
		e    evidence
		want string // "" is none
	}{
		{"off", outcome{Commands: "off"}, fine, ""},
		{"killed", outcome{Code: -1, Killed: true, Commands: "off"}, evidence{action: off}, ""},
		{"exit code", outcome{Code: 2}, fine, "exit code"},
		{"died", outcome{Code: -1}, fine, "exit code"},
		{"overdue", outcome{}, evidence{action: off, wasOff: true, overdue: true}, "within its limits"},
		{"without a word", outcome{Code: 1}, fine, "says why"},
		{"off that was none", outcome{}, evidence{action: off, wasOn: true}, "was off"},
		{"on that is none", outcome{}, evidence{action: on}, "is on"},
		{"wrong on", outcome{}, evidence{action: status}, "on only when"},
		{"wrong off", outcome{Code: 2}, evidence{action: status, wasOn: true}, "off only when"},
		{"monitor that switches", outcome{Commands: "off"}, evidence{action: monitor}, "not asked for: off"},
		{"off that switches on", outcome{Commands: "off on"}, fine, "not asked for: on"},
		{"reset", outcome{Commands: "off reset"}, fine, "not asked for: reset"},
		{"diag as fencing", outcome{}, evidence{action: diag, caller: cluster, wasOn: true}, "no diag"},
		{"lock-out", outcome{}, evidence{action: off, wasOff: true, refused: 3}, "at most twice"},
		{"secret", outcome{}, evidence{action: off, wasOff: true, stderr: "the password xyz", secrets: []string{"xyz"}}, "no secret"},
	}
	for _, tt := range tests {
		got := strings.Join(broken(tt.o, tt.e), "; ")
		if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
