package packages

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/test/lab"
	"github.com/oneha/oneha/test/lab/labtest"
)

// fresh is a Debian machine that has never heard of oneha: what the packages depend
// on, and rpm.
var fresh = []string{"systemd", "systemd-sysv", "dbus", "procps", "sudo", "rpm"}

// srv is where a machine has the packages, in a directory for each version.
const srv = "/srv"

// machine is a booted machine and the test that it serves.
type machine struct {
	*testing.T
	*lab.Machine
	ctx context.Context
}

// boot starts a machine of a release that has the directories of packages below /srv.
func boot(t *testing.T, release string, dirs map[string]string) machine {
	t.Helper()
	labtest.NeedMachines(t)
	ctx, cancel := labtest.Within(t)
	t.Cleanup(cancel)
	image := &lab.Image{Name: "fresh", Packages: fresh, Install: func(_ context.Context, _, layer string) error {
		for version, dir := range dirs {
			if err := os.CopyFS(filepath.Join(layer, srv, version), os.DirFS(dir)); err != nil {
				return err
			}
		}
		return nil
	}}
	l, err := lab.Open(ctx, lab.Options{Prefix: "packages", Release: release, CacheDir: labtest.CacheDir(), Image: image, Log: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	m, err := l.Boot(ctx, release)
	if err != nil {
		t.Fatal(err)
	}
	return machine{t, m, ctx}
}

// try runs a shell command and returns all that it said and its exit code.
func (m machine) try(command string) (string, int) {
	m.Helper()
	ctx, cancel := context.WithTimeout(m.ctx, 5*time.Minute)
	defer cancel()
	r, err := m.Exec(ctx, "sh", "-c", "exec 2>&1; "+command)
	var exit *lab.ExitError
	if err != nil && !errors.As(err, &exit) {
		m.Fatalf("%s: %v", command, err)
	}
	return r.Stdout, r.Code
}

// run is try for a command that has to work; what it says without the end of the line.
func (m machine) run(command string) string {
	m.Helper()
	out, code := m.try(command)
	if code != 0 {
		m.Fatalf("%s: exit %d: %s", command, code, out)
	}
	return strings.TrimSpace(out)
}

// expect runs a command whose output has to be want.
func (m machine) expect(command, want string) {
	m.Helper()
	if out, _ := m.try(command); strings.TrimSpace(out) != want {
		m.Errorf("%s: got %q, want %q", command, strings.TrimSpace(out), want)
	}
}

// installer is how a kind of distribution moves packages; each is a shell command.
type installer struct {
	name      string
	install   func(version string) string // also the upgrade
	downgrade func(version string) string
	remove    string                   // of all packages
	purge     string                   // and what removal leaves; "" for a kind that knows no such thing
	alone     func(name string) string // removal of one package
	version   string                   // prints that of the package oneha
	verify    string                   // prints nothing when all files are as they were packaged
}

var apt = installer{
	name: "deb",
	install: func(version string) string {
		return "DEBIAN_FRONTEND=noninteractive apt-get -qy --no-install-recommends install " + srv + "/" + version + "/*.deb"
	},
	downgrade: func(version string) string {
		return "DEBIAN_FRONTEND=noninteractive apt-get -qy --no-install-recommends --allow-downgrades install " + srv + "/" + version + "/*.deb"
	},
	remove:  "apt-get -qy remove " + strings.Join(names, " "),
	purge:   "dpkg --purge " + strings.Join(names, " "),
	alone:   func(name string) string { return "apt-get -qy remove " + name },
	version: "dpkg-query -f '${source:Upstream-Version}' -W oneha",
	verify:  "dpkg --verify " + strings.Join(names, " ") + "; dpkg --audit",
}

// onDebian is rpm, which before 4.20 asks whether it is really meant on Debian.
const onDebian = "rpm $(rpm --force-debian --version >/dev/null 2>&1 && echo --force-debian) "

// rpm runs on Debian, too; what Debian's own packages give, empty ones stand for.
var rpm = installer{
	name: "rpm",
	install: func(version string) string {
		return onDebian + "-U " + srv + "/" + version + "/*.rpm"
	},
	downgrade: func(version string) string {
		return onDebian + "-U --oldpackage " + srv + "/" + version + "/*.rpm"
	},
	remove:  onDebian + "-e " + strings.Join(names, " "),
	alone:   func(name string) string { return onDebian + "-e " + name },
	version: "rpm -q --qf '%{VERSION}' oneha",
	verify:  "rpm -V --nomtime " + strings.Join(names, " "),
}

// matrix is the table of what was done where.
type matrix struct{ rows []string }

// done adds a row; columns are as wide as they have to be.
func (m *matrix) done(t *testing.T, kind, release, step string) {
	t.Helper()
	state := "ok"
	if t.Failed() {
		state = "FAILED"
	}
	m.rows = append(m.rows, fmt.Sprintf("%-9s %-4s %-34s %s", release, kind, step, state))
}

func (m *matrix) String() string { return strings.Join(m.rows, "\n") }
