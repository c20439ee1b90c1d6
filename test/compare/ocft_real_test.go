package compare

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/oneha/oneha/test/lab"
)

// TestRealOCFT runs resource-agents' own tool with its own cases: with its own
// agent as they are, and with ours after changing nothing but the agent's name
// and directory. Which cases fail must be those of the table of deliberate
// differences.
func TestRealOCFT(t *testing.T) {
	t.Parallel()
	for _, who := range []side{stock, ours} {
		t.Run(string(who), func(t *testing.T) {
			t.Parallel()
			out := machine(t, lab.Command{Args: []string{"sh", "-euc", ocftScript(who)}}).Stdout
			got := parseOCFT(out)
			if len(got) != len(ocftCases) {
				t.Errorf("ocft ran %d cases, the table has %d", len(got), len(ocftCases))
			}
			for _, c := range ocftCases {
				want := who == stock || reasonFor(c.name) == ""
				if passed, ran := got[c.name]; !ran {
					t.Errorf("%s: did not run", c.name)
				} else if passed != want {
					t.Errorf("%s: passed %t, want %t", c.name, passed, want)
				}
			}
			if t.Failed() {
				t.Log(out)
			}
		})
	}
}

// ocftScript runs ocft. The tool looks once a second whether the agent has
// ended; a program called sleep makes that a fifth.
func ocftScript(who side) string {
	program := who.program()
	slash := strings.LastIndex(program, "/")
	return fmt.Sprintf(`
ip link set lo up
ip link add eth0 type veth peer name peer0
ip link set peer0 up; ip link set eth0 up
mkdir /run/resource-agents /tmp/bin /tmp/configs
printf '#!/bin/sh\nexec /bin/sleep 0.2\n' >/tmp/bin/sleep; chmod 755 /tmp/bin/sleep
sed -e 's,^\tAgent .*,\tAgent %s,' -e 's,^\tAgentRoot .*,\tAgentRoot %s,' /usr/share/resource-agents/ocft/configs/IPaddr2 >/tmp/configs/IPaddr2
ocft make -d /tmp/configs IPaddr2 >&2
PATH=/tmp/bin:$PATH ocft test -v IPaddr2 || true`, program[slash+1:], program[:slash])
}

var (
	ocftCaseLine  = regexp.MustCompile(`^Starting 'IPaddr2' case \d+ '(.*)':$`)
	ocftColour    = regexp.MustCompile("\x1b\\[[0-9;]*m")
	ocftComplaint = regexp.MustCompile(`FAILED\.|^ERROR: |: ERROR: |^WARNING: `)
)

// parseOCFT reads what ocft test -v prints: which case passed.
func parseOCFT(output string) map[string]bool {
	passed := map[string]bool{}
	name := ""
	for line := range strings.Lines(ocftColour.ReplaceAllString(output, "")) {
		line = strings.TrimSpace(line)
		if m := ocftCaseLine.FindStringSubmatch(line); m != nil {
			name = m[1]
			passed[name] = true
		} else if name != "" && ocftComplaint.MatchString(line) {
			passed[name] = false
		}
	}
	return passed
}
