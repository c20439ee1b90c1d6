package hostlab

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/oneha/oneha/internal/vmha/recovery"
	"github.com/oneha/oneha/test/fakeone"
)

// row is a machine of testdata/machines.txt.
type row struct {
	state, storage, result string
	changes                string // with ", " between
}

func readRows(t *testing.T) (rows []row) {
	t.Helper()
	text, err := os.ReadFile("testdata/machines.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		w := strings.Fields(line)
		if len(w) < 3 || datastores[w[1]] == 0 {
			t.Fatalf("bad row %q", line)
		}
		rows = append(rows, row{w[0], w[1], w[2], strings.Join(w[3:], " ")})
	}
	return rows
}

// some are every step-th row, from a first one.
func some(rows []row, first, step int) (list []row) {
	for i := first; i < len(rows); i += step {
		list = append(list, rows[i])
	}
	return list
}

// datastores are the IDs of the system datastores: SHARED is YES, NO, and not there.
var datastores = map[string]int{"shared": 100, "local": 101, "silent": 102}

// perHost is the distance of the IDs of two hosts' first machines.
const perHost = 1000

// machine is the machine of a row on a host.
func (r row) machine(t *testing.T, host, n int) fakeone.VM {
	t.Helper()
	for _, s := range recovery.States {
		if s.Name == r.state {
			return fakeone.VM{ID: host*perHost + n, Name: "vm-" + strconv.Itoa(n), State: s.State, LCM: s.LCM, Host: host, Datastore: datastores[r.storage], User: map[string]string{}}
		}
	}
	t.Fatalf("no state %s", r.state)
	return fakeone.VM{}
}

// final is the state that the row ends in, as in fakeone.Name.
func (r row) final() (state string, resched bool) {
	state = r.state
	for _, change := range strings.Split(r.changes, ", ") {
		if _, to, ok := strings.Cut(change, " -> "); ok {
			state = to
		}
		resched = resched || change == "resched"
	}
	return state, resched
}

// calls is how many calls the hook makes for the row. The monitoring needs none to say that a
// machine does not run, and what becomes of a device is no change of its own.
func (r row) calls() (n int) {
	for _, change := range strings.Split(r.changes, ", ") {
		if change == "resched" || strings.Contains(change, " -> ") && change != "RUNNING -> UNKNOWN" {
			n++
		}
	}
	return n
}

// hostOf is the host that a machine is on in the beginning.
func hostOf(vm int) int { return vm / perHost }

func changesOf(v fakeone.VM) string {
	var list []string
	for _, c := range v.Changed {
		list = append(list, c.What)
	}
	return strings.Join(list, ", ")
}
