package fence

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// An agent's Tell hears of each change of power, in order, and of nothing else.
func TestTell(t *testing.T) {
	tests := []struct {
		name  string
		dev   fakeDevice
		stdin string
		want  []string
	}{
		{"reboot", fakeDevice{state: On}, "action=reboot\nnodename=n1", []string{"begun reboot n1", "asked reboot n1 off", "seen reboot n1 off", "asked reboot n1 on", "seen reboot n1 on"}},
		{"reboot when off", fakeDevice{state: Off}, "action=reboot", []string{"begun reboot ", "seen reboot  off", "asked reboot  on", "seen reboot  on"}},
		{"off", fakeDevice{state: On, late: 3 * time.Second}, "action=off", []string{"begun off ", "asked off  off", "seen off  off"}},
		{"off when off", fakeDevice{state: Off}, "action=off", []string{"begun off ", "seen off  off"}},
		{"off that is never seen", fakeDevice{state: On, stuck: Off}, "action=off", []string{"begun off ", "asked off  off", "failed off  timed out"}},
		{"wrong password", fakeDevice{refuse: -1}, "action=off", []string{"begun off ", "failed off  bad password"}},
		{"status", fakeDevice{state: On}, "action=status", nil},
		{"monitor", fakeDevice{refuse: -1}, "action=monitor", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			dev := test.dev
			invoke(&dev, call{stdin: device + test.stdin, tell: func(c Change) {
				line := strings.Join([]string{string(c.Stage), c.Action, c.Node}, " ")
				if c.Want != "" {
					line += " " + string(c.Want)
				}
				for _, why := range []string{"timed out", "bad password"} {
					if c.Err != nil && strings.Contains(c.Err.Error(), why) {
						line += " " + why
					}
				}
				got = append(got, line)
			}})
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Nothing waits for who is told: a change begins after the delay of the device, and is told
// of after the command, with the time at which it was asked.
func TestTellIsNotInTheWay(t *testing.T) {
	dev := fakeDevice{state: On, clock: newClock()}
	begin := dev.clock.now
	var got []string
	invoke(&dev, call{stdin: device + "action=off\ndelay=5\npower_wait=3", tell: func(c Change) {
		got = append(got, strings.Join([]string{string(c.Stage), c.Time.Sub(begin).String(), strings.Join(dev.switched(), " ")}, " "))
	}})
	if diff := cmp.Diff([]string{"begun 5s ", "asked 5s off", "seen 8s off"}, got); diff != "" {
		t.Error(diff)
	}
}
