// Package vagrant tries the playground of vagrant/ as far as it goes without KVM and an internet:
// the files are what Vagrant and shellcheck take, and the scripts make a cluster and a zone of
// machines of the lab.
package vagrant

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/confedit"
	"github.com/oneha/oneha/internal/spec"
)

const playground = "../../vagrant"

// sets are the directories of playground with a Vagrantfile.
var sets = []string{"active-passive", "raft"}

// need skips a test where a program is missing, except in CI, where it fails:
// test/setup.sh installs it.
func need(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err == nil {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is missing: test/setup.sh vagrant installs it", program)
	}
	t.Skipf("%s is missing: test/setup.sh vagrant installs it", program)
}

// command runs a program and returns what it printed.
func command(t *testing.T, dir string, env []string, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, name, args...)
	c.Dir, c.Env, c.WaitDelay = dir, append(os.Environ(), env...), 5*time.Second
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// Vagrant itself takes the files, with libvirt's settings.
func TestValidate(t *testing.T) {
	need(t, "vagrant")
	home := t.TempDir()
	for _, set := range sets {
		t.Run(set, func(t *testing.T) {
			out := command(t, filepath.Join(playground, set), []string{
				"HOME=" + home, "VAGRANT_HOME=" + home, "VAGRANT_DOTFILE_PATH=" + t.TempDir(),
				"VAGRANT_DEFAULT_PROVIDER=libvirt", "VAGRANT_CHECKPOINT_DISABLE=1",
			}, "vagrant", "validate")
			if !strings.Contains(out, "validated successfully") {
				t.Error(out)
			}
		})
	}
}

func scripts(t *testing.T) []string {
	t.Helper()
	all, err := filepath.Glob(playground + "/*/*.sh")
	if err != nil || len(all) < 10 {
		t.Fatal(all, err)
	}
	return all
}

func TestShellcheck(t *testing.T) {
	need(t, "shellcheck")
	command(t, ".", nil, "shellcheck", append([]string{"-x", "-P", playground + "/provision"}, scripts(t)...)...)
}

// The addresses of a Vagrantfile are those of the description beside it, and every script
// that it names is there.
func TestTheFilesAgree(t *testing.T) {
	for _, set := range sets {
		t.Run(set, func(t *testing.T) {
			file := filepath.Join(playground, set, "oneha.yaml")
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			described, findings := spec.Parse(file, text)
			if findings.HasErrors() {
				t.Fatal(findings)
			}
			machines, err := os.ReadFile(filepath.Join(playground, set, "Vagrantfile"))
			if err != nil {
				t.Fatal(err)
			}
			want := map[string][]string{}
			for _, n := range described.Nodes {
				for _, a := range n.Addrs {
					want[n.Name] = append(want[n.Name], a.String())
				}
			}
			if described.Zone != nil {
				for _, s := range described.Zone.Servers {
					want[s.Name] = []string{s.Addr.String()}
				}
			}
			if len(want) < 2 {
				t.Fatalf("%d machines are described", len(want))
			}
			line := regexp.MustCompile(`"([a-z0-9-]+)" => (?:%w\[([^\]]+)\]|"([0-9.]+)")`)
			found := 0
			for _, m := range line.FindAllStringSubmatch(string(machines), -1) {
				if addresses := strings.Join(want[m[1]], " "); want[m[1]] != nil {
					if found++; addresses != m[2]+m[3] {
						t.Errorf("%s: %q in the description, %q in the Vagrantfile", m[1], addresses, m[2]+m[3])
					}
				}
			}
			if found != len(want) {
				t.Errorf("the Vagrantfile has %d of %d machines", found, len(want))
			}
			for _, m := range regexp.MustCompile(`%w\[([a-z]+)(?: [a-z]+)?\]`).FindAllStringSubmatch(string(machines), -1) {
				if _, err := os.Stat(filepath.Join(playground, "provision", m[1]+".sh")); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// Secrets are made once, for their owner alone.
func TestSecrets(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "secrets")
	read := func() map[string]string {
		command(t, ".", nil, "sh", playground+"/provision/secrets.sh", dir)
		all := map[string]string{}
		files, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			text, err := os.ReadFile(filepath.Join(dir, f.Name()))
			info, err2 := f.Info()
			if err != nil || err2 != nil {
				t.Fatal(err, err2)
			}
			if info.Mode().Perm()&0o077 != 0 && !strings.HasSuffix(f.Name(), ".pub") {
				t.Errorf("%s has mode %v", f.Name(), info.Mode())
			}
			all[f.Name()] = string(text)
		}
		return all
	}
	first := read()
	if len(first) != 7 || len(strings.TrimSpace(first["bmc"])) != 16 || len(first["authkey"]) != 256 || first["bmc"] == first["database"] {
		t.Errorf("%d files, a password of %d characters", len(first), len(strings.TrimSpace(first["bmc"])))
	}
	for name, text := range read() {
		if first[name] != text {
			t.Errorf("%s is another the second time", name)
		}
	}
}

// The database of oned.conf, in every release's file: this and nothing else changes.
func TestOnedDatabase(t *testing.T) {
	files, err := filepath.Glob("../../internal/confedit/testdata/oned-*.conf")
	if err != nil || len(files) < 13 {
		t.Fatal(files, err)
	}
	secret := filepath.Join(t.TempDir(), "database")
	if err := os.WriteFile(secret, []byte("a-password\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			edit := func(file string) string {
				return command(t, ".", nil, "awk", "-v", "server=192.0.2.7", "-v", "secret="+secret, "-f", playground+"/provision/oned-database.awk", file)
			}
			before, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			after := edit(file)
			old, findings := confedit.Parse(file, before)
			edited, more := confedit.Parse(file, []byte(after))
			if findings.HasErrors() || more.HasErrors() {
				t.Fatal(findings, more)
			}
			for key, want := range map[string]string{"BACKEND": "mysql", "SERVER": "192.0.2.7", "PASSWD": "a-password", "USER": "oneadmin", "DB_NAME": "opennebula"} {
				if got, _ := edited.Get("DB", key); got != want {
					t.Errorf("%s is %q, want %q", key, got, want)
				}
			}
			if len(old.All()) != len(edited.All()) {
				t.Errorf("%d attributes, there were %d", len(edited.All()), len(old.All()))
			}
			again := filepath.Join(t.TempDir(), "oned.conf")
			if err := os.WriteFile(again, []byte(after), 0o600); err != nil {
				t.Fatal(err)
			}
			if edit(again) != after {
				t.Error("a second time it is another file")
			}
		})
	}
}
