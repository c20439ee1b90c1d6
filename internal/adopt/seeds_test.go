package adopt_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/oneha/oneha/cib"
	"github.com/oneha/oneha/internal/adopt"
	"github.com/oneha/oneha/internal/spec"
	"github.com/oneha/oneha/test/equality/chamber"
)

var update = flag.Bool("update", false, "write the golden files anew")

// foreign are configurations of others: commands and what the real tools of Debian 12
// made of them (TestTools).
var foreign = []struct {
	name     string
	corosync string
	frontEnd bool
	errors   bool
}{
	{name: "centos-guide", frontEnd: true, errors: true}, // pcs wrote no addresses into the CIB
	{name: "ubuntu-guide", corosync: "ubuntu-guide.corosync.conf", frontEnd: true, errors: true},
	{name: "web", errors: true},
	{name: "nfs", errors: true},
	{name: "database", errors: true},
}

func TestForeign(t *testing.T) {
	for _, f := range foreign {
		for _, raw := range []bool{false, true} {
			name := f.name
			if raw {
				name += "-raw"
			}
			t.Run(name, func(t *testing.T) {
				data := read(t, f.name+".xml")
				src := adopt.Source{Name: f.name + ".xml", CIB: data, KeepRaw: raw}
				if f.corosync != "" {
					src.CorosyncName, src.Corosync = f.corosync, read(t, f.corosync)
				}
				got, err := adopt.From(src)
				if err != nil {
					t.Fatal(err)
				}
				if got.FrontEnd != f.frontEnd || (len(got.Errors) > 0) != f.errors {
					t.Errorf("front-end %v, errors %v", got.FrontEnd, got.Errors)
				}
				honest(t, data, got)
				if !nothingLost(t, data, got) {
					t.Error("not valid when the gaps are filled")
				}
				var b bytes.Buffer
				b.Write(got.Description(f.name + ".xml"))
				fmt.Fprintf(&b, "\n%d of %d facts\n", got.Said, got.Facts)
				for _, x := range got.Findings() {
					fmt.Fprintln(&b, x)
				}
				if strings.Contains(b.String(), "s3cr3t") {
					t.Errorf("a password: %s", b.String())
				}
				golden(t, filepath.Join("testdata", name+".golden"), b.Bytes())
			})
		}
	}
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(string(got), "\n")); diff != "" {
		t.Errorf("%s is another now (see it with go test -update): %s", file, diff)
	}
}

// TestTools has pcs and the crm shell make the CIBs in testdata again.
func TestTools(t *testing.T) {
	c := openChamber(t)
	for _, f := range foreign {
		t.Run(f.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
			defer cancel()
			room, err := c.Room()
			if err != nil {
				t.Fatal(err)
			}
			defer room.Remove()
			script, commands := "cibadmin --empty >cib.xml\n", []byte(nil)
			if commands, err = os.ReadFile(filepath.Join("testdata", f.name+".pcs")); err == nil {
				// There is neither systemd nor a running cluster to ask.
				script += "pcs() { force=--force; case \"$1\" in property|alert) force=;; esac; case \"$*\" in *defaults*|*order*|*rule*|*colocation*) force=;; esac; " + chamber.PCS + " -f cib.xml \"$@\" $force; }\n. ./commands\n"
			} else {
				commands = read(t, f.name+".crm")
				script += "CIB_file=$PWD/cib.xml crm -F configure load update commands\n"
			}
			if err := room.Put("commands", commands); err != nil {
				t.Fatal(err)
			}
			if out, err := room.Run(ctx, script); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			made, err := room.Get("cib.xml")
			if err != nil {
				t.Fatal(err)
			}
			if *update {
				if err := os.WriteFile(filepath.Join("testdata", f.name+".xml"), made, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := facts(t, read(t, f.name+".xml")).Diff(facts(t, made)); diff != "" {
				t.Errorf("testdata and the tools differ:\n%s", diff)
			}
		})
	}
}

func facts(t *testing.T, data []byte) cib.Facts {
	t.Helper()
	f, err := cib.Canonical(data)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// openChamber skips the test, or fails it when CI is true, where there is no chamber.
func openChamber(t *testing.T) *chamber.Chamber {
	t.Helper()
	root := os.Getenv("ONEHA_ROOTFS")
	why := ""
	switch {
	case root == "":
		why = "needs ONEHA_ROOTFS, a root file system with pacemaker, corosync, pcs and crmsh"
	case os.Getuid() != 0:
		why = "needs root, to make namespaces and mounts"
	}
	if why != "" && os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	if why != "" {
		t.Skip(why)
	}
	c, err := chamber.Open(t.Context(), root, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// TestToolsOwn: import of what pcs and the crm shell make of generated scripts gives the
// same description as import of the generated CIB.
func TestToolsOwn(t *testing.T) {
	c := openChamber(t)
	for _, name := range []string{"stock", "fencing-levels"} {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile("../../examples/" + name + ".yaml")
			if err != nil {
				t.Fatal(err)
			}
			cluster, findings := spec.Parse(name, data)
			if findings.HasErrors() {
				t.Fatal(findings)
			}
			files, err := cib.Generate(cluster)
			if err != nil {
				t.Fatal(err)
			}
			room, err := c.Room()
			if err != nil {
				t.Fatal(err)
			}
			defer room.Remove()
			var conf []byte
			for _, f := range files {
				if f.Name == "corosync.conf" {
					conf = f.Data
				}
				if err := room.Put(f.Name, f.Data); err != nil {
					t.Fatal(err)
				}
			}
			ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
			defer cancel()
			script := `
cat >pcs <<'END'
for word; do
	case $word in systemd:*|ocf:opennebula:*|fence_bmc_*) exec ` + chamber.PCS + ` "$@" --force ;; esac
done
exec ` + chamber.PCS + ` "$@"
END
cibadmin --empty >pcs.xml
PCS='sh ./pcs' sh cluster.pcs.sh -f pcs.xml
cibadmin --empty >crm.xml
CIB_file=$PWD/crm.xml crm -F configure load update cluster.crm
`
			if out, err := room.Run(ctx, script); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			want := string(spec.Format(adopt.Shown(cluster), nil))
			for _, made := range []string{"pcs.xml", "crm.xml"} {
				data, err := room.Get(made)
				if err != nil {
					t.Fatal(err)
				}
				got, err := adopt.From(adopt.Source{Name: made, CIB: data, CorosyncName: "corosync.conf", Corosync: conf})
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, string(spec.Format(got.Cluster, nil))); diff != "" || len(got.Errors) > 0 || len(got.Leftovers) > 0 {
					t.Errorf("%s: -description +import\n%s\n%v\n%v", made, diff, got.Errors, got.Leftovers)
				}
			}
		})
	}
}
