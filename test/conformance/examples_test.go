package conformance

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/test/lab"
)

// The agents in examples/, which others start theirs from, pass what ours pass.
func TestExampleAgents(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	for program, source := range map[string]string{"setting": "./examples/agent", "fence_outlet": "./examples/fence-agent"} {
		if err := lab.GoBuild(ctx, "../..", filepath.Join(dir, program), source); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ name, script, want string }{
		{"ocf-tester passes the resource agent", `ocf-tester -n forwarding -o key=net.ipv4.ip_forward /usr/lib/ocf/resource.d/example/setting 2>&1`, "passed all tests"},
		{"the cluster's tools take the resource agent", `OCF_ROOT=/usr/lib/ocf /usr/lib/ocf/resource.d/example/setting meta-data >/tmp/a.xml
cd /usr/share/resource-agents
xmllint --noout --valid - </tmp/a.xml
xmllint --noout --relaxng metadata.rng /tmp/a.xml
xmllint --noout --relaxng /usr/share/pcs/data/ocf-1.0.rng /tmp/a.xml
cibadmin --empty >/tmp/cib.xml
pcs -f /tmp/cib.xml resource create forwarding ocf:example:setting key=net.ipv4.ip_forward on=1 off=0
pcs -f /tmp/cib.xml resource config forwarding`, "key=net.ipv4.ip_forward"},
		{"the fence agent's metadata satisfy the schema", `echo action=metadata | /usr/sbin/fence_outlet >/tmp/f.xml
xmllint --noout --relaxng /usr/share/cluster/relaxng/metadata.rng /tmp/f.xml
xsltproc /usr/share/cluster/relaxng/fence2rng.xsl /tmp/f.xml | xmllint --noout -
pcs stonith describe fence_outlet --full`, "password_file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := place.Run(ctx, lab.Command{
				Args:  []string{"sh", "-euc", "install -D /mnt/setting /usr/lib/ocf/resource.d/example/setting; install /mnt/fence_outlet /usr/sbin/\n" + c.script},
				Binds: []lab.Bind{{Host: dir, Inside: "/mnt"}},
			})
			if err != nil {
				t.Fatalf("%v\n%s%s", err, r.Stdout, r.Stderr)
			}
			if !strings.Contains(r.Stdout, c.want) {
				t.Errorf("%q is not in:\n%s%s", c.want, r.Stdout, r.Stderr)
			}
		})
	}
}
