package apply

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/oneha/oneha/internal/pacemaker"
)

// fakeCluster is a stand-in for a cluster and its tools: one CIB with a version, which a
// patch must name. Its crm_diff gives the whole target as patch.
type fakeCluster struct {
	cib     string
	quorum  bool
	asked   []string          // the tools that ran
	queries int               // that were answered
	onQuery func(n int) error // before the nth
	onPatch func(n int) error // before the nth; an error is the tool's and nothing is changed
	lose    int               // of so many patches the answer is lost after they took effect
	patches int
}

const fakeCIB = `<cib validate-with="pacemaker-3.0" epoch="%d" num_updates="%d" admin_epoch="0" have-quorum="1" dc-uuid="1">
  <configuration>
    <crm_config>
      <cluster_property_set id="cib-bootstrap-options">
        <nvpair id="cib-bootstrap-options-dc-version" name="dc-version" value="2.1.5"/>%s
      </cluster_property_set>
    </crm_config>
    <nodes>
      <node id="1" uname="one-server1"/>
    </nodes>
    <resources/>
    <constraints/>
  </configuration>
  <status/>
</cib>
`

func option(name, value string) string {
	return fmt.Sprintf("\n        <nvpair id=\"o-%s\" name=\"%s\" value=\"%s\"/>", name, name, value)
}

func newFake(options string) *fakeCluster {
	return &fakeCluster{cib: fmt.Sprintf(fakeCIB, 5, 3, options), quorum: true}
}

// set changes an option as somebody else would.
func (f *fakeCluster) set(epoch, updates int, options string) {
	f.cib = fmt.Sprintf(fakeCIB, epoch, updates, options)
}

var versionForm = regexp.MustCompile(`\sepoch="\d+" num_updates="\d+"`)

func (f *fakeCluster) tools() pacemaker.Tools { return pacemaker.Tools{Run: f.run} }

func (f *fakeCluster) run(_ context.Context, stdin []byte, name string, args ...string) ([]byte, error) {
	command := name + " " + args[0]
	f.asked = append(f.asked, command)
	switch command {
	case "crm_node -q":
		if f.quorum {
			return []byte("1\n"), nil
		}
		return []byte("0\n"), nil
	case "cibadmin --query":
		f.queries++
		if f.onQuery != nil {
			if err := f.onQuery(f.queries); err != nil {
				return nil, err
			}
		}
		return []byte(f.cib), nil
	case "crm_diff --cib":
		from, err1 := os.ReadFile(args[2])
		to, err2 := os.ReadFile(args[4])
		if err := errors.Join(err1, err2); err != nil {
			return nil, err
		}
		patch := append([]byte(versionForm.FindString(string(from))+"\n"), to...)
		return patch, &pacemaker.Error{Tool: name, Code: 1}
	case "cibadmin --patch":
		f.patches++
		if f.onPatch != nil {
			if err := f.onPatch(f.patches); err != nil {
				return nil, err
			}
		}
		source, target, _ := bytes.Cut(stdin, []byte("\n"))
		if string(source) != versionForm.FindString(f.cib) {
			return nil, &pacemaker.Error{Tool: name, Code: 103, Stderr: "Call cib_apply_diff failed: Update was older than existing configuration\n"}
		}
		f.cib = string(target)
		if f.patches <= f.lose {
			return nil, &pacemaker.Error{Tool: name, Code: -1, Cause: context.DeadlineExceeded}
		}
		return nil, nil
	}
	return nil, fmt.Errorf("fake: unexpected %s %s", name, strings.Join(args, " "))
}
