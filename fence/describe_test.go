package fence

import (
	"slices"
	"testing"
)

func TestOptionGroups(t *testing.T) {
	a := Agent{
		Options:  []Option{{Name: "lever", Short: 'L', Arg: "side", Type: String}},
		Defaults: map[string]string{"ipport": "7"},
		Diag:     true,
	}
	var names []string
	options := 0
	for _, g := range a.OptionGroups() {
		names = append(names, g.Name)
		options += len(g.Options)
		for _, o := range g.Options {
			switch o.Name {
			case "ipport":
				if o.Default != "7" || g.Name != "Device" {
					t.Errorf("%s: %+v", g.Name, o)
				}
			case "lever":
				if flags := o.Flags(); !slices.Equal(flags, []string{"-L", "--lever"}) {
					t.Error(flags)
				}
			case "login_timeout":
				if flags := o.Flags(); !slices.Equal(flags, []string{"--login-timeout"}) {
					t.Error(flags)
				}
			}
		}
		if !slices.IsSortedFunc(g.Options, func(x, y Option) int { return slices.Compare([]byte(x.Name), []byte(y.Name)) }) {
			t.Errorf("%s is not sorted", g.Name)
		}
	}
	if !slices.Equal(names, []string{"Device", "Output", "Timing"}) || options != len(common)+1 {
		t.Errorf("groups %v, %d options of %d", names, options, len(common)+1)
	}
	if actions := a.Actions(); !slices.Contains(actions, ActionDiag) || !slices.Contains(actions, ActionReboot) {
		t.Error(actions)
	}
}
