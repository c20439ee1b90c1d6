package apply

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/pacemaker"
)

// enter runs a tool of the root file system $1, under an overlay that ends with it, with
// the directory $2 at its own place and the CIB in there in place of a cluster's.
const enter = `
set -e
root=$1 dir=$2; shift 2
mount --make-rprivate /
mkdir -p "$dir/.top"
mount -t tmpfs tmpfs "$dir/.top"
mkdir "$dir/.top/upper" "$dir/.top/work" "$dir/.top/root"
mount -t overlay overlay -o "lowerdir=$root,upperdir=$dir/.top/upper,workdir=$dir/.top/work" "$dir/.top/root"
mount --rbind /dev "$dir/.top/root/dev"
mkdir -p "$dir/.top/root$dir"
mount --bind "$dir" "$dir/.top/root$dir"
CIB_file=$dir/cib.xml exec chroot "$dir/.top/root" "$@"`

// realTools are Pacemaker's tools of a release of Debian, with a CIB in a file.
func realTools(t *testing.T, release, cib string) (tools pacemaker.Tools, file string) {
	t.Helper()
	missing := func(why string) {
		t.Helper()
		if os.Getenv("CI") == "true" {
			t.Fatal(why)
		}
		t.Skip(why)
	}
	named := os.Getenv("ONEHA_ROOTFS")
	switch {
	case named == "":
		missing("needs ONEHA_ROOTFS, a root file system with pacemaker, and those of the other releases beside it")
	case os.Getuid() != 0:
		missing("needs root, to make namespaces and mounts")
	}
	found, _ := filepath.Glob(filepath.Join(filepath.Dir(named), release+"-*", "usr/sbin/cibadmin"))
	if len(found) == 0 {
		missing(fmt.Sprintf("there is no root file system of %s beside %s", release, named))
	}
	root := filepath.Dir(filepath.Dir(filepath.Dir(found[len(found)-1])))
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir) // what crm_diff reads is there, too
	file = filepath.Join(dir, "cib.xml")
	if err := os.WriteFile(file, []byte(cib), 0o600); err != nil {
		t.Fatal(err)
	}
	return pacemaker.Tools{Run: func(ctx context.Context, stdin []byte, name string, args ...string) ([]byte, error) {
		if name == "crm_node" { // there is no cluster to ask
			return []byte("1\n"), nil
		}
		out, err := pacemaker.Execute(ctx, stdin, "unshare", append([]string{"--mount", "sh", "-c", enter, "enter", root, dir, name}, args...)...)
		if failed, ok := errors.AsType[*pacemaker.Error](err); ok {
			failed.Tool = name
		}
		return out, err
	}}, file
}

// What Push relies on is so from Pacemaker 2.0.5 to 3.0.0: a patch for another version
// is refused with a code that is understood, and one back gives the same bytes.
func TestPushRealTools(t *testing.T) {
	const form = `<cib crm_feature_set="3.0.14" validate-with="pacemaker-3.0" epoch="%d" num_updates="%d" admin_epoch="0" have-quorum="1" dc-uuid="1">
  <configuration>
    <crm_config>
      <cluster_property_set id="cib-bootstrap-options">
        <nvpair id="o-fencing" name="stonith-enabled" value="false"/>
        <nvpair value="%s" id="o-delay" name="cluster-delay"/>
      </cluster_property_set>
    </crm_config>
    <nodes/>
    <resources>%s</resources>
    <constraints/>
  </configuration>
  <status/>
</cib>
`
	const web = `
      <primitive id="web" class="ocf" provider="heartbeat" type="Dummy"/>
    `
	target := func(value, resources string) func([]byte) ([]byte, error) {
		return func(live []byte) ([]byte, error) {
			return Wanted(live, []byte(fmt.Sprintf(form, 1, 0, value, resources)))
		}
	}
	for _, release := range []string{"bullseye", "bookworm", "trixie"} {
		t.Run(release, func(t *testing.T) {
			ctx := context.Background()
			tools, file := realTools(t, release, fmt.Sprintf(form, 5, 3, "60s", web))
			query := func() []byte {
				t.Helper()
				data, err := tools.Query(ctx)
				if err != nil {
					t.Fatal(err)
				}
				return data
			}
			push := func(x Transaction) (Result, error) {
				x.Tools, x.Read, x.Within, x.Pause = tools, query(), 5*time.Second, time.Millisecond
				if x.Tools.Run == nil {
					t.Fatal("no tools")
				}
				return x.Push(ctx)
			}
			begin := query()
			then, err := Configuration(begin)
			if err != nil {
				t.Fatal(err)
			}
			for i, pushed := range []bool{true, false} {
				got, err := push(Transaction{Target: target("90s", "")})
				if err != nil || got.Pushed != pushed {
					t.Fatalf("push %d: %t, %v", i+1, got.Pushed, err)
				}
			}
			got, err := push(Transaction{Exact: true, Target: func(live []byte) ([]byte, error) {
				wanted, _, err := Restored(live, then)
				return wanted, err
			}})
			now, _ := Configuration(query())
			if err != nil || !got.Pushed || string(now) != string(then) {
				t.Fatalf("restored: %t, %v\n%s\nwant\n%s", got.Pushed, err, now, then)
			}

			// Somebody is quicker: with the status, then with the configuration.
			plain, patches := tools.Run, 0
			meanwhile := ""
			tools.Run = func(ctx context.Context, stdin []byte, name string, args ...string) ([]byte, error) {
				if name == "cibadmin" && args[0] == "--patch" {
					if patches++; patches == 1 {
						if err := os.WriteFile(file, []byte(meanwhile), 0o600); err != nil {
							t.Error(err)
						}
					}
				}
				return plain(ctx, stdin, name, args...)
			}
			meanwhile = updatesForm.ReplaceAllString(string(query()), "${1}77${2}")
			if got, err := push(Transaction{Target: target("90s", web)}); err != nil || !got.Pushed || patches != 2 {
				t.Errorf("the status moved: %t after %d patches, %v", got.Pushed, patches, err)
			}
			patches = 0
			meanwhile = epochForm.ReplaceAllString(strings.Replace(string(query()), "90s", "70s", 1), "${1}99${3}")
			if _, err := push(Transaction{Target: target("80s", web)}); !errors.Is(err, ErrChanged) || patches != 1 {
				t.Errorf("the configuration moved: %v after %d patches", err, patches)
			}
			patches = 2
			_, err = push(Transaction{Target: target("80s", `<primitive id="x"/>`)})
			if err == nil || !strings.Contains(err.Error(), "nothing was changed") {
				t.Errorf("a configuration against the schema: %v", err)
			}
			if !strings.Contains(string(query()), `"70s"`) {
				t.Errorf("in the end the CIB is\n%s", query())
			}

			if err := tools.Verify(ctx, begin); err != nil {
				t.Error(err)
			}
			bad := strings.Replace(string(begin), `type="Dummy"`, "", 1)
			if err := tools.Verify(ctx, []byte(bad)); err == nil || !strings.Contains(err.Error(), "schema") {
				t.Errorf("Verify of a CIB against the schema: %v", err)
			}
			orphaned := strings.Replace(strings.Replace(string(begin), web, "", 1), "<status/>", orphan, 1)
			orphaned = strings.Replace(orphaned, "<nodes/>", `<nodes><node id="1" uname="one-server1"/></nodes>`, 1)
			if err := tools.Verify(ctx, []byte(orphaned)); err != nil {
				t.Errorf("Verify of a CIB that only warns: %v", err)
			}
		})
	}
}

// orphan is the status of a resource that runs and is no longer configured.
const orphan = `<status><node_state id="1" uname="one-server1" in_ccm="true" crmd="online" join="member" expected="member"><lrm id="1"><lrm_resources>
<lrm_resource id="web" type="Dummy" class="ocf" provider="heartbeat"><lrm_rsc_op id="web_last_0" operation_key="web_start_0" operation="start" crm_feature_set="3.0.14"
 transition-key="1:0:0:aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa" transition-magic="0:0;1:0:0:aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa" call-id="2" rc-code="0" op-status="0" interval="0"/></lrm_resource>
</lrm_resources></lrm></node_state></status>`
