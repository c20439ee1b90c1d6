package hook

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/oneha/oneha/internal/raft/zoneconf"
	"github.com/oneha/oneha/internal/spec"
)

// The rule of sudo allows what the hooks in oned.conf run, and words behind a role.
// That visudo takes the file is shown where sudo is: test/zoneservice.
func TestRuleOfSudo(t *testing.T) {
	text, err := os.ReadFile("../../../packaging/sudoers/oneha-raft")
	if err != nil {
		t.Fatal(err)
	}
	rule := regexp.MustCompile(`(?m)^#.*\n`).ReplaceAllString(string(text), "")
	rule = strings.Join(strings.Fields(strings.ReplaceAll(rule, "\\\n", " ")), " ")
	alias, rest, ok := strings.Cut(strings.TrimPrefix(rule, "Cmnd_Alias ONEHA_RAFT_HOOK = "), " Defaults")
	if !ok || rest != "!ONEHA_RAFT_HOOK env_reset, !setenv oneadmin ALL = (root) NOPASSWD: NOSETENV: ONEHA_RAFT_HOOK" {
		t.Errorf("the rule is %q", rule)
	}
	var want []string
	for _, role := range []string{Leader, Follower} {
		bare := strings.Join(zoneconf.HookWords(&spec.Zone{}, role), " ")
		want = append(want, bare, bare+" *")
	}
	if got := strings.Split(alias, ", "); !slices.Equal(got, want) {
		t.Errorf("it allows\n%q, want\n%q", got, want)
	}
	// What the "*" may stand for is safe: no option is one behind the role.
	for _, word := range []string{"--dir=/etc", "-dir", "--config", "--", "-", "--help"} {
		for _, words := range [][]string{{Leader, word}, {Leader, word, "/etc"}, {Leader, "eth0", "10.0.0.9/24", word, "/etc"}, {Follower, "eth0", word}} {
			if c, err := Parse(words); err == nil {
				t.Errorf("%q became %+v", words, c)
			}
		}
	}
}
