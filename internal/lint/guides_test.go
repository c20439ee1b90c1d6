package lint

import (
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/oneha/oneha/cib"
	"github.com/oneha/oneha/internal/diag"
)

var update = flag.Bool("update", false, "make the CIBs of the guides anew, with the real pcs and crm")

// ids returns the rules that found something, sorted, each once.
func ids(findings diag.Findings) []string {
	all := []string{}
	for _, f := range findings {
		all = append(all, f.ID)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func readCIB(t testing.TB, name string) *CIB {
	t.Helper()
	c, bad := ReadCIB(name, []byte(fixture(t, name)))
	if len(bad) > 0 {
		t.Fatal(bad)
	}
	return c
}

// The commands of OpenNebula's two guides, run with the real pcs and crm, and the
// corosync.conf of the second. What is wrong in them is known by number: S1 no order,
// S2 a resource that does not exist, S3 quorum ignored, S4 devices on their own
// targets, S5 delays in the agent, S6 one BMC for two nodes, S7 init scripts, S8
// action=reboot, S9 service.d/pcmk, S10 udpu without encryption, S11 a chain.
func TestGuides(t *testing.T) {
	conf, bad := ReadCorosync("ubuntu.conf", []byte(fixture(t, "ubuntu.conf")))
	if len(bad) > 0 {
		t.Fatal(bad)
	}
	for _, test := range []struct {
		name    string
		facts   Facts
		defects map[string]string
		also    []string
	}{
		{"CentOS", Facts{CIB: readCIB(t, "centos.xml")},
			map[string]string{"S1": "R01", "S2": "R11", "S3": "Q02", "S4": "F04", "S5": "F06", "S8": "F11"},
			[]string{"F07", "F09", "F13", "F15", "R04"}},
		{"Ubuntu", Facts{CIB: readCIB(t, "ubuntu.xml"), Corosync: conf, Node: &Node{Name: "one-server1", ServiceD: "/etc/corosync/service.d/pcmk"}},
			map[string]string{"S3": "Q02", "S6": "F03", "S7": "R13", "S9": "Q05", "S10": "Q04", "S11": "R10"},
			[]string{"F09", "F11", "F13", "F15", "R04"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			want := slices.Clone(test.also)
			for _, id := range test.defects {
				want = append(want, id)
			}
			slices.Sort(want)
			findings := Check(test.facts, nil)
			if diff := cmp.Diff(want, ids(findings)); diff != "" {
				t.Errorf("%s%s", diff, lines(findings))
			}
			for _, f := range findings {
				for _, secret := range []string{"abc123", "passwd=..."} {
					if strings.Contains(f.String(), secret) {
						t.Errorf("a finding shows a password: %s", f)
					}
				}
			}
		})
	}
}

// chamber, run in new namespaces with the root file system and the directory to
// share as $1 and $2, lays an overlay and runs /chamber/run in it.
const chamber = `
set -e
top=$2/.root
mkdir $top
mount -t tmpfs tmpfs $top
mkdir $top/upper $top/work $top/root
mount -t overlay overlay -o lowerdir=$1,upperdir=$top/upper,workdir=$top/work $top/root
cd $top/root
mount -t proc proc proc
mount --rbind /dev dev
mount -t tmpfs tmpfs run
mkdir chamber
mount --bind $2 chamber
exec chroot . sh -c 'cd /chamber && exec sh -eu run'
`

// TestGuidesAreReal makes the guides' CIBs again, with the real tools in a root file
// system of their own, and compares.
func TestGuidesAreReal(t *testing.T) {
	missing := func(why string) {
		if os.Getenv("CI") == "true" {
			t.Fatal(why)
		}
		t.Skip(why)
	}
	root := os.Getenv("ONEHA_ROOTFS")
	switch {
	case root == "":
		missing("needs ONEHA_ROOTFS, a root file system with pacemaker, pcs and crmsh")
	case os.Getuid() != 0:
		missing("needs root, to make namespaces and mounts")
	}
	for _, guide := range []string{"centos", "ubuntu"} {
		t.Run(guide, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			script := "PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8\nexport PATH LC_ALL\nset -x\n" + fixture(t, guide+".sh")
			if err := os.WriteFile(filepath.Join(dir, "run"), []byte(script), 0o644); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, "unshare", "--mount", "--net", "--pid", "--uts", "--fork", "--kill-child", "--propagation", "private",
				"sh", "-c", chamber, "chamber", root, dir)
			cmd.WaitDelay = 5 * time.Second
			out, err := cmd.CombinedOutput()
			_ = os.Remove(filepath.Join(dir, ".root")) // the mount went with its namespace
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			made, err := os.ReadFile(filepath.Join(dir, "cib.xml"))
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join("testdata", guide+".xml")
			if *update {
				if err := os.WriteFile(file, made, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			got, err := cib.Canonical(made)
			if err != nil {
				t.Fatal(err)
			}
			want, err := cib.Canonical([]byte(fixture(t, guide+".xml")))
			if err != nil {
				t.Fatal(err)
			}
			if diff := want.Diff(got); diff != "" {
				t.Errorf("the real tools make something else of the guide: -testdata +tools\n%s", diff)
			}
		})
	}
}
