package incident

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/oneha/oneha/internal/vmha/recovery"
	"github.com/oneha/oneha/internal/vmha/settings"
)

var update = flag.Bool("update", false, "write the table anew")

func (a Answer) short() string {
	switch a.Verb {
	case Tell:
		return a.Choice.String()
	case Resched, Await:
		return string(a.Verb)
	case Leave:
		if a.Why == skipLocal || a.Why == skipUnasked {
			return "storage"
		}
	}
	return string(a.Verb)
}

// What is done in every state, in every mode: testdata/next.txt is the table that people
// read, and every row of it was looked at.
func TestNextOfEveryState(t *testing.T) {
	var b strings.Builder
	b.WriteString("# What the host error hook does next in each state, the power being off: -m on shared storage, on local\n" +
		"# storage and with -f, -r and -r -f, -d and -d -f. go test ./internal/vmha/incident -run NextOfEvery -update\n")
	fmt.Fprintf(&b, "%-32s %-10s %-10s %-10s %-10s %-10s %-10s %s\n", "# state", "-m", "-m local", "-m -f", "-r", "-r -f", "-d", "-d -f")
	for _, s := range recovery.States {
		if s.State != recovery.Active && s.State != recovery.Poweroff && s.State != recovery.Suspended {
			continue
		}
		fmt.Fprintf(&b, "%-32s", s.Name)
		for _, c := range []Case{{Mode: Migrate}, {Mode: Migrate, Shared: "NO"}, {Mode: Migrate, Force: true}, {Mode: Recreate}, {Mode: Recreate, Force: true}, {Mode: Delete}, {Mode: Delete, Force: true}} {
			if c.Shared == "" {
				c.Shared = "YES"
			}
			c.State, c.LCM, c.FirstLCM, c.Off, c.Settings = s.State, s.LCM, s.LCM, true, settings.Default()
			fmt.Fprintf(&b, " %-10s", Next(c).short())
		}
		b.WriteString("\n")
	}
	got := strings.ReplaceAll(b.String(), " \n", "\n")
	for strings.Contains(got, " \n") {
		got = strings.ReplaceAll(got, " \n", "\n")
	}
	const file = "testdata/next.txt"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the table is another one:\n%s", got)
	}
}

// No answer is a trap of the table of states, leads back to where it came from, or has
// no reason where it needs one.
func TestNextIsSound(t *testing.T) {
	for _, s := range recovery.States {
		for _, mode := range []Mode{Migrate, Recreate, Delete} {
			for bits := range 16 {
				for _, shared := range []string{"YES", "NO", ""} {
					c := Case{State: s.State, LCM: s.LCM, FirstLCM: s.LCM, Mode: mode, Shared: shared, Settings: settings.Default(),
						Force: bits&1 != 0, Off: bits&2 != 0, NoRecreated: bits&4 != 0, Resched: bits&8 != 0}
					a := Next(c)
					name := fmt.Sprintf("%s %+v: %+v", s.Name, c, a)
					o := s.Outcome(a.Choice)
					switch a.Verb {
					case Tell:
						// The domain of a host that is off has no device any more, so failure is right after an
						// attach and after a detach; the disks of what is recreated or deleted go as asked.
						if o.Trap != "" && a.Choice == recovery.Success || o.Trap != "" && a.Choice == recovery.Retry {
							t.Errorf("a trap: %s", name)
						}
						if o.Refused || o.Nothing && a.Choice != recovery.Recreate {
							t.Errorf("oned does not do that: %s", name)
						}
						if a.Choice == recovery.Retry || a.Choice == recovery.DeleteDB {
							t.Errorf("never: %s", name)
						}
						if mode == Migrate && a.Choice == recovery.Delete {
							t.Errorf("it was to be moved: %s", name)
						}
						if c.State != recovery.Active && !c.Force {
							t.Errorf("it is off, and nobody wanted it touched: %s", name)
						}
						if mode == Migrate && shared != "YES" && ways[s.LCM] != cleaning {
							t.Errorf("its disks cannot be reached: %s", name)
						}
					case Resched:
						ok := s.State == recovery.Poweroff || s.State == recovery.Active && s.LCM == 16
						if !ok || mode != Migrate {
							t.Errorf("oned refuses or forgets that: %s", name)
						}
					case Leave, Finish:
						if a.Why == "" {
							t.Errorf("no reason: %s", name)
						}
					}
				}
			}
		}
	}
	for lcm := range ways {
		if s := recovery.Find(recovery.Active, lcm); s.Short == "?" {
			t.Errorf("there is no LCM_STATE %d", lcm)
		}
	}
}

// A mark that oned forgets when the machine becomes UNKNOWN is no reason to be content.
func TestNextOfAMarkedMachine(t *testing.T) {
	for lcm, want := range map[int]string{3: "await", 16: "done", 2: "success"} {
		c := Case{State: recovery.Active, LCM: lcm, Resched: true, Mode: Migrate, Shared: "YES", Settings: settings.Default()}
		if got := Next(c).short(); got != want {
			t.Errorf("%d: %s, want %s", lcm, got, want)
		}
	}
}

func TestNextBySettings(t *testing.T) {
	set := settings.Default()
	set.States = map[string]settings.Act{"PROLOG": settings.Skip, "UNKNOWN": settings.Recreate, "EPILOG": settings.Delete}
	set.Storage = settings.Storage{Local: settings.Recreate, Unasked: settings.Handle}
	for _, test := range []struct {
		lcm    int
		shared string
		want   string
	}{
		{1, "YES", "skip"}, {16, "YES", "recreate"}, {11, "YES", "delete"}, {36, "NO", "recreate"}, {36, "", "success"}, {36, "YES", "success"},
	} {
		c := Case{State: recovery.Active, LCM: test.lcm, Mode: Migrate, Shared: test.shared, Settings: set}
		if got := Next(c).short(); got != test.want {
			t.Errorf("%d %s: %s, want %s", test.lcm, test.shared, got, test.want)
		}
	}
}
