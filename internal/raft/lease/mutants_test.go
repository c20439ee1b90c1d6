package lease

import (
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var mutants = flag.Bool("mutants", false, "break the protocol in one place after another and see that the model finds each")

// mutations are ways to get the protocol wrong, by replacing text of the source,
// and the enumeration that finds each.
var mutations = []struct {
	name, file, from, to, found string
}{
	{"no quiet time after a start", "voter.go", "now < v.quiet", "false", "voter restarts"},
	{"a lease counted from the answer", "machine.go", "max(m.votes[from], a.Sent)", "now", "messages and pauses"},
	{"half of the servers are enough", "lease.go", "return servers/2 + 1", "return servers / 2", "messages and pauses"},
	{"the newest vote decides, not the oldest of a majority", "machine.go", "sorted[len(sorted)-m.quorum]", "sorted[len(sorted)-1]", "messages and pauses"},
	{"a promise is not kept", "voter.go", "now < v.until && v.to != from", "false", "messages and pauses"},
	{"a promise ends with a later term", "machine.go", "	m.term = max(m.term, q.Term)\n	a = m.vote", "	if q.Term > m.term {\n		m.term, m.until = q.Term, never\n	}\n	a = m.vote", "messages and pauses"},
	{"the own vote without a promise", "machine.go", "own := m.vote(m.zone, now, m.self, q); own.Granted", "own := (Answer{Granted: true}); own.Granted", "messages and pauses"},
	{"the promise forgets that the kernel is late", "timers.go", "float64(t.Lease+t.Late)", "float64(t.Lease)", "clocks differ, kernel is late"},
	{"the promise forgets that clocks differ", "timers.go", "(1 + t.Drift)\n	return time.Duration(math.Ceil", "1.0\n	return time.Duration(math.Ceil", "clocks differ, kernel is late"},
	{"the lease is as long as the promise", "machine.go", "base.add(m.Lease)\n}", "base.add(m.Promise())\n}", "clocks differ, kernel is late"},
	{"released is told when the drop is ordered", "machine.go", "m.order, o.Address = Drop, Drop\n", "m.order, o.Address = Drop, Drop\n		m.voids[m.self] = Mark{m.inc, m.number}\n		m.learn(&m.voids)\n", "messages and pauses"},
	{"votes survive a release", "machine.go", "absent, never, never\n	m.forgetVotes()\n", "absent, never, never\n", "messages and pauses"},
	{"answers to withdrawn questions count", "machine.go", "case !m.voids[m.self].before(a.Mark):", "case false:", "large: oned wavers"},
	{"an old release ends a new promise", "voter.go", "!v.voids[v.to].before(v.mark)", "v.voids[v.to] != (Mark{})", "large: oned wavers"},
	{"whoever starts claims to hold nothing", "machine.go", "	m.forgetVotes()\n	return m\n", "	m.forgetVotes()\n	m.address, m.voids[m.self] = absent, Mark{z.inc, 0}\n	return m\n", "old leader restarts"},
	{"a change of servers ends the promise", "rezone.go", "	m.to = gone\n", "	m.to, m.until = gone, never\n", "a server is added and leads"},
	{"a promise ends when its server leaves the zone", "rezone.go", "	m.to = gone\n	if j, stays := z.index(old.ids[old.to]); stays {\n		m.to = j\n", "	m.to, m.until = gone, never\n	if j, stays := z.index(old.ids[old.to]); stays {\n		m.to, m.until = j, old.until\n", "the first server is removed"},
	{"a promise gets another place of the table", "rezone.go", "		m.to = j\n", "		m.to = int8(len(z.ids)) - 1 - j\n", "large: the first server is removed, the others lead"},
}

var violation = regexp.MustCompile(`servers \[[0-9 ]+\] have the address at the same time`)

// Every mutant is killed, by the model and by what it is there for: two holders.
func TestMutants(t *testing.T) {
	if !*mutants {
		t.Skip("only with -mutants: make mutants, half a minute")
	}
	for _, m := range mutations {
		t.Run(m.name, func(t *testing.T) {
			source, err := os.ReadFile(m.file)
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(string(source), m.from); n != 1 {
				t.Fatalf("%s has the text to replace %d times, want once", m.file, n)
			}
			dir := t.TempDir()
			mutant, overlay := filepath.Join(dir, m.file), filepath.Join(dir, "overlay.json")
			here, err := filepath.Abs(m.file)
			if err != nil {
				t.Fatal(err)
			}
			list, err := json.Marshal(map[string]map[string]string{"Replace": {here: mutant}})
			if err != nil {
				t.Fatal(err)
			}
			for name, content := range map[string]string{mutant: strings.Replace(string(source), m.from, m.to, 1), overlay: string(list)} {
				if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			out, err := exec.Command("go", "test", "-vet=off", "-count=1", "-overlay", overlay, "-run", "^TestModel$", ".", "-args", "-test.v", "-liveness=false", "-model="+m.found).CombinedOutput()
			if err == nil || !violation.Match(out) {
				t.Fatalf("survived (%v):\n%s", err, out)
			}
			for line := range strings.Lines(string(out)) {
				if strings.Contains(line, " states,") {
					t.Log(strings.TrimSpace(line))
				}
			}
		})
	}
}
