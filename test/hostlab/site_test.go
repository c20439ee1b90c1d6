package hostlab

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/vmha/incident"
	"github.com/oneha/oneha/internal/vmha/settings"
	"github.com/oneha/oneha/test/fakeone"
	"github.com/oneha/oneha/test/lab"
	"github.com/oneha/oneha/test/lab/labtest"
)

// hypervisors is how many there are: ten that die, and one that is well.
const hypervisors = 11

// patience bounds every wait for what takes seconds.
const patience = 2 * time.Minute

const (
	user      = "oneha" // of the BMCs
	hookFile  = "/var/lib/one/hook.template"
	password  = settings.Dir + "/bmc.password"
	wrong     = settings.Dir + "/wrong.password"
	logFile   = "/var/log/one/host_error.log"
	callsFile = "/var/log/one/fakeone.calls"
	records   = incident.DefaultDir
)

func name(host int) string           { return fmt.Sprintf("kvm%d", host) }
func address(host int) netip.Addr    { return netip.AddrFrom4([4]byte{10, 9, 0, byte(10 + host)}) }
func bmcOf(host int) netip.Addr      { return netip.AddrFrom4([4]byte{10, 9, 1, byte(10 + host)}) }
func frontEndAddress() netip.Addr    { return netip.AddrFrom4([4]byte{10, 9, 0, 2}) }
func scene() string                  { return fmt.Sprintf("http://%s:2633%s", frontEndAddress(), fakeone.ScenePath) }
func (s *site) node(h int) *lab.Node { return s.cluster.Node(name(h)) }

// site is a front-end and its hypervisors.
type site struct {
	place    *lab.Lab
	cluster  *lab.Cluster
	frontEnd *lab.Node
	chassis  [hypervisors + 1]*chassis // by host; there is no host 0
	client   http.Client
	secret   string // of the BMCs
	words    string // arguments of the hook, as oneha hook install has given them to OpenNebula
}

// up makes the site, with the hook installed as docs/vm-ha.md says.
func up(t *testing.T) (*site, context.Context) {
	t.Helper()
	start := time.Now()
	s, ctx := labtest.Up(t, "hostlab", func(ctx context.Context) (*site, error) {
		s := &site{secret: randomSecret()}
		var err error
		if s.place, err = lab.Open(ctx, lab.Options{Prefix: "hostlab", CacheDir: labtest.CacheDir(), Image: &lab.Image{Install: install}, Log: t.Logf}); err != nil {
			return nil, err
		}
		if err := s.up(ctx); err != nil {
			return nil, errors.Join(err, s.Down())
		}
		return s, nil
	})
	t.Logf("the site is up after %.1f s", time.Since(start).Seconds())
	return s, ctx
}

func (s *site) up(ctx context.Context) error {
	nothing := func(string) error { return nil }
	p := lab.Plain{NIC: "eth0", Machines: []lab.PlainMachine{{Name: "frontend", Addr: frontEndAddress(), Units: []string{"dbus.service"}, Seed: nothing}}}
	for h := 1; h <= hypervisors; h++ {
		s.chassis[h] = &chassis{}
		p.Machines = append(p.Machines, lab.PlainMachine{Name: name(h), Addr: address(h), Seed: nothing,
			BMC: &lab.PlainBMC{Addr: bmcOf(h), Username: user, Password: s.secret, Chassis: s.chassis[h].answer}})
	}
	c, err := s.place.UpPlain(p)
	if err != nil {
		return err
	}
	s.cluster, s.frontEnd = c, c.Node("frontend")
	s.client = http.Client{Transport: &http.Transport{DialContext: c.Dial, DisableKeepAlives: true}}
	if err := on(ctx, s.frontEnd); err != nil {
		return err
	}
	return s.installHook(ctx)
}

// on gives a machine power and returns when it has booted.
func on(ctx context.Context, n *lab.Node) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := n.PowerOn(); err != nil {
		return err
	}
	return n.Booted(ctx)
}

// each does something for hosts, all at once.
func each(hosts []int, do func(host int) error) error {
	errs := make([]error, len(hosts))
	var all sync.WaitGroup
	for i, h := range hosts {
		all.Go(func() { errs[i] = do(h) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// install makes the layer of all machines: the programs as a package installs them, the
// fake, and in the place of the command onehook one that keeps the template that it is
// given.
func install(ctx context.Context, _, layer string) error {
	source, err := filepath.Abs("../..")
	if err != nil {
		return err
	}
	if err := lab.MakeInstall(ctx, source, layer); err != nil {
		return err
	}
	if err := lab.GoBuild(ctx, source, filepath.Join(layer, "usr/lib/oneha-test/fakeone"), "./test/fakeone/cmd/fakeone"); err != nil {
		return err
	}
	for _, f := range []struct {
		path, text string
		mode       os.FileMode
	}{
		{"usr/lib/systemd/system/fakeone.service", "[Service]\nUser=oneadmin\nExecStart=/usr/lib/oneha-test/fakeone -listen 0.0.0.0:2633 -calls " + callsFile + "\n", 0o644},
		{"usr/bin/onehook", "#!/bin/sh\ntest \"$1\" = create && cp \"$2\" " + hookFile + " && echo ID: 0\n", 0o755},
	} {
		file := filepath.Join(layer, f.path)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(f.text), f.mode); err != nil {
			return err
		}
	}
	return nil
}

// setup is what OpenNebula's packages leave on a front-end, and what docs/vm-ha.md lets
// the administrator do.
const setup = `set -e
useradd --uid 9869 --home-dir /var/lib/one --create-home --shell /bin/bash oneadmin
install -d -o oneadmin -g oneadmin -m 750 /var/log/one
install -d -o oneadmin -g oneadmin /var/lib/one/remotes /var/lib/one/remotes/hooks
install -d -o oneadmin -g oneadmin -m 700 /var/lib/one/.one
install -m 600 -o oneadmin -g oneadmin /dev/null /var/lib/one/.one/one_auth
install -d -m 750 -o root -g oneadmin ` + settings.Dir + `
install -m 640 -o root -g oneadmin /dev/null ` + settings.DefaultFile + `
install -m 600 -o oneadmin -g oneadmin /dev/null ` + password + `
install -m 600 -o oneadmin -g oneadmin /dev/null ` + wrong + `
`

func (s *site) installHook(ctx context.Context) error {
	if _, err := s.frontEnd.Exec(ctx, "sh", "-c", setup); err != nil {
		return err
	}
	for file, text := range map[string]string{"/var/lib/one/.one/one_auth": fakeone.Session, password: s.secret, wrong: "not-" + s.secret[:8], settings.DefaultFile: s.settings("")} {
		if err := s.write(ctx, file, text); err != nil {
			return err
		}
	}
	if _, err := s.frontEnd.Exec(ctx, "systemctl", "start", "fakeone"); err != nil {
		return err
	}
	if err := s.await(ctx, "the fake answers", func() error { _, err := s.now(ctx); return err }); err != nil {
		return err
	}
	if _, err := s.frontEnd.Exec(ctx, "oneha", "hook", "install", "--arguments=-m -p 1"); err != nil {
		return err
	}
	template, err := s.read(ctx, hookFile)
	for line := range strings.Lines(template) {
		if key, value, _ := strings.Cut(line, "="); strings.TrimSpace(key) == "ARGUMENTS" {
			s.words = strings.Trim(strings.TrimSpace(value), `"`)
		}
	}
	if err == nil && s.words != "$TEMPLATE -m -p 1" {
		err = fmt.Errorf("the hook's template has other arguments:\n%s", template)
	}
	return err
}

// settings is the file of the hook: half of the hosts are fenced by what it says of them,
// the others by their template. more is what it says of hosts beside that.
func (s *site) settings(more string) string {
	text := "version: 1\nwait: {cycle: 1s, interval: 200ms}\nsettle: 1s\n" +
		"fencing:\n  agent: fence_bmc_ipmi\n  username: " + user + "\n  password_file: " + password + "\n  hosts:\n"
	for h := 2; h <= hypervisors; h += 2 {
		text += fmt.Sprintf("    %s: {ip: %s}\n", name(h), bmcOf(h))
	}
	return text + more
}

// write replaces what is in a file of the front-end, and leaves its owner and mode.
func (s *site) write(ctx context.Context, file, text string) error {
	_, err := s.frontEnd.Command(ctx, lab.Command{Args: []string{"sh", "-c", `cat >"$1"`, "sh", file}, Streams: lab.Streams{Stdin: strings.NewReader(text + "\n")}})
	return err
}

func (s *site) read(ctx context.Context, file string) (string, error) {
	r, err := s.frontEnd.Exec(ctx, "cat", file)
	return r.Stdout, err
}

// await polls until do succeeds.
func (s *site) await(ctx context.Context, what string, do func() error) error {
	for deadline := time.Now().Add(patience); ; {
		err := do()
		if err == nil || ctx.Err() != nil {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("wait until %s: %w", what, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Logs is of labtest.Machines.
func (s *site) Logs(ctx context.Context, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for file, script := range map[string]string{"host_error.log": "cat " + logFile, "calls.json": "cat " + callsFile, "records.txt": "head -n 1000 " + records + "/*.json", "journal.txt": "journalctl --no-pager --output=short-precise"} {
		r, err := s.frontEnd.Exec(ctx, "sh", "-c", script)
		if err != nil {
			r.Stdout += "\n" + err.Error() + "\n"
		}
		if err := os.WriteFile(filepath.Join(dir, file), []byte(r.Stdout), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// Down is of labtest.Machines.
func (s *site) Down() error { return s.place.Close() }

// randomSecret fits into IPMI's 20 characters.
func randomSecret() string {
	b := make([]byte, 8)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return hex.EncodeToString(b)
}
