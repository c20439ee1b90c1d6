package cib

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/spec"
)

// The tests in tools_test.go, simulate_test.go and live_test.go run the real
// cluster software. It is not installed on the machine that runs the tests, but in
// a root file system of its own (the lab builds one), which ONEHA_ROOTFS names. It
// is only read: each run has its own overlay and its own mount, network, process
// and host name namespaces, which end with it.

// chamber is one such run: files go in and come out through dir, which commands see
// as their working directory, /chamber.
type chamber struct {
	t    *testing.T
	root string
	dir  string
}

// newChamber skips the test, or fails it when CI is true, where it cannot run.
func newChamber(t *testing.T) *chamber {
	t.Helper()
	missing := func(why string) {
		t.Helper()
		if os.Getenv("CI") == "true" {
			t.Fatal(why)
		}
		t.Skip(why)
	}
	root := os.Getenv("ONEHA_ROOTFS")
	switch {
	case root == "":
		missing("needs ONEHA_ROOTFS, a root file system with pacemaker, corosync, pcs and crmsh")
	case os.Getuid() != 0:
		missing("needs root, to make namespaces and mounts")
	}
	if _, err := os.Stat(filepath.Join(root, "usr/sbin/crm_verify")); err != nil {
		t.Fatalf("ONEHA_ROOTFS has no Pacemaker: %v", err)
	}
	return &chamber{t: t, root: root, dir: t.TempDir()}
}

// enter, run in the new namespaces with the root file system, the directory to
// share and the binaries as $1 to $3, lays the overlay and runs /chamber/run in it.
const enter = `
set -e
top=$2/.root
mkdir $top
mount -t tmpfs tmpfs $top
mkdir $top/upper $top/work $top/root
mount -t overlay overlay -o lowerdir=$1,upperdir=$top/upper,workdir=$top/work $top/root
cd $top/root
mount -t proc proc proc
mount --rbind /dev dev
mount -t tmpfs tmpfs dev/shm
mount -t tmpfs tmpfs run
mkdir -p chamber usr/lib/oneha usr/lib/ocf/resource.d/opennebula
mount --bind $2 chamber
cp $3/ocf-opennebula $3/fence-bmc usr/lib/oneha/
for agent in vip oned sunstone fireedge gate flow hem scheduler novnc guacd form ks showback; do
	ln -sf /usr/lib/oneha/ocf-opennebula usr/lib/ocf/resource.d/opennebula/$agent
done
for agent in ipmi redfish ilo ilo_ssh; do
	ln -sf /usr/lib/oneha/fence-bmc usr/sbin/fence_bmc_$agent
done
exec chroot . sh -c 'cd /chamber && exec sh -eu run'
`

// run runs a shell script in the chamber and returns what it printed. The script
// stops at the first command that fails, and the test with it.
func (c *chamber) run(script string) string {
	c.t.Helper()
	bin, err := binaries()
	if err != nil {
		c.t.Fatalf("build agents: %v", err)
	}
	c.put("run", []byte("PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8\nexport PATH LC_ALL\nset -x\n"+script))
	ctx, cancel := context.WithTimeout(c.t.Context(), 8*time.Minute) // some twenty pcs commands, a second each on a machine with nothing else to do
	defer cancel()
	cmd := exec.CommandContext(ctx, "unshare", "--mount", "--net", "--pid", "--uts", "--fork", "--kill-child", "--propagation", "private",
		"sh", "-c", enter, "enter", c.root, c.dir, bin)
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.CombinedOutput()
	_ = os.Remove(filepath.Join(c.dir, ".root")) // the mount went with its namespace
	if err != nil {
		c.t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

func (c *chamber) put(name string, data []byte) {
	c.t.Helper()
	if err := os.WriteFile(filepath.Join(c.dir, name), data, 0o644); err != nil {
		c.t.Fatal(err)
	}
}

func (c *chamber) get(name string) []byte {
	c.t.Helper()
	b, err := os.ReadFile(filepath.Join(c.dir, name))
	if err != nil {
		c.t.Fatal(err)
	}
	return b
}

// generate puts all files of a cluster into the chamber, with a prefix.
func (c *chamber) generate(cluster spec.Cluster, prefix string) {
	c.t.Helper()
	files, err := Generate(cluster)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, f := range files {
		c.put(prefix+f.Name, f.Data)
	}
}

// same wants two CIBs in the chamber to configure the same.
func (c *chamber) same(ours, theirs string) {
	c.t.Helper()
	if diff := facts(c.t, c.get(ours)).Diff(facts(c.t, c.get(theirs))); diff != "" {
		c.t.Errorf("%s and %s differ: -%[1]s +%[2]s\n%[3]s", ours, theirs, diff)
	}
}

// binaries builds our agents once, into a directory that TestMain removes.
var binaries = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "oneha-agents-")
	if err != nil {
		return "", err
	}
	built = dir
	cmd := exec.Command("go", "build", "-o", dir, "../cmd/ocf-opennebula", "../cmd/fence-bmc")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", errors.New(strings.TrimSpace(string(out)))
	}
	return dir, nil
})

var built string

func TestMain(m *testing.M) {
	code := m.Run()
	if built != "" {
		_ = os.RemoveAll(built)
	}
	os.Exit(code)
}
