package look

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write the golden files anew")

// place makes a machine of a txtar file: its name and interfaces, the output of
// programs, and the files below its root.
func place(t *testing.T, file string) Place {
	t.Helper()
	a, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	p := Place{Root: t.TempDir()}
	programs := map[string][]byte{}
	var interfaces []Interface
	for _, f := range a.Files {
		if program, ok := strings.CutPrefix(f.Name, "run/"); ok {
			programs[strings.ReplaceAll(program, `\n`, "\n")] = f.Data
			continue
		}
		if f.Name == "machine" {
			for i, line := range strings.Split(strings.TrimSpace(string(f.Data)), "\n") {
				if i == 0 {
					p.Name = line
					continue
				}
				words := strings.Fields(line)
				interfaces = append(interfaces, Interface{words[0], words[1] == "up", words[2:]})
			}
			continue
		}
		path := filepath.Join(p.Root, strings.TrimPrefix(f.Name, "root/"))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p.Interfaces = func() ([]Interface, error) { return interfaces, nil }
	p.Run = func(ctx context.Context, name string, args ...string) ([]byte, error) {
		if _, bounded := ctx.Deadline(); !bounded {
			t.Errorf("%s: no deadline", name)
		}
		out, ok := programs[strings.Join(append([]string{name}, args...), " ")]
		if !ok {
			return nil, errors.New("executable file not found in $PATH")
		}
		return out, nil
	}
	return p
}

// Each machine is seen as its golden file says, and not changed.
func TestMachines(t *testing.T) {
	for _, name := range []string{"debian-12", "centos-7", "alma-9", "nothing"} {
		t.Run(name, func(t *testing.T) {
			p := place(t, filepath.Join("testdata", name+".txtar"))
			before := tree(t, p.Root)
			m := At(t.Context(), p)
			if after := tree(t, p.Root); !slices.Equal(before, after) {
				t.Errorf("the machine was changed: %s", cmp.Diff(before, after))
			}
			data, err := json.MarshalIndent(m, "", "\t")
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(data), "opensesame") {
				t.Error("a password was read")
			}
			if strings.Contains(string(data), p.Root) {
				t.Error("a path of elsewhere is shown")
			}
			got := string(data) + "\n\n" + m.Found()
			golden := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// tree lists what is below a directory, with modes and times.
func tree(t *testing.T, root string) (all []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil {
			all = append(all, path+" "+info.Mode().String()+" "+info.ModTime().String())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// What cannot be read is said, and hides nothing else.
func TestUnknown(t *testing.T) {
	p := place(t, "testdata/debian-12.txtar")
	p.Interfaces = func() ([]Interface, error) { return nil, errors.New("no netlink") }
	conf := filepath.Join(p.Root, "etc/one/oned.conf")
	if err := os.Remove(conf); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(conf, 0o755); err != nil {
		t.Fatal(err)
	}
	run := p.Run
	p.Run = func(ctx context.Context, name string, args ...string) ([]byte, error) {
		if name == "ipmitool" {
			return nil, errors.New("signal: killed")
		}
		return run(ctx, name, args...)
	}
	m := At(t.Context(), p)
	want := []string{
		"interfaces: no netlink",
		"OpenNebula: /etc/one/oned.conf is not a file",
		"BMC, of which there is an in-band interface: ipmitool lan print: signal: killed",
	}
	if diff := cmp.Diff(want, m.Unknown); diff != "" {
		t.Error(diff)
	}
	if m.Release != "6.10.2" || m.Target != "debian-12" {
		t.Errorf("%+v", m)
	}
}

// A configuration as a package ships it, or one that is cut off, is no cluster.
func TestNoCluster(t *testing.T) {
	for name, conf := range map[string]string{
		"shipped": "totem {\n cluster_name: debian\n}\nnodelist {\n node {\n  name: node1\n  nodeid: 1\n  ring0_addr: 127.0.0.1\n }\n}\n",
		"cut off": "nodelist {\n node {\n name: a\n ring0_addr: 10.0.0.1\n }\n node {\n",
		"junk":    "}}}\n{\n: :\n\x00\n",
	} {
		p := place(t, "testdata/debian-12.txtar")
		path := filepath.Join(p.Root, "etc/corosync/corosync.conf")
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(conf), 0o600); err != nil {
			t.Fatal(err)
		}
		if m := At(t.Context(), p); m.Nodes != nil || m.Cluster != "" {
			t.Errorf("%s: %+v %s", name, m.Nodes, m.Cluster)
		}
	}
}

// Whatever stands in the files, nothing panics.
func FuzzFiles(f *testing.F) {
	for _, name := range []string{"debian-12", "centos-7", "alma-9"} {
		a, err := txtar.ParseFile("testdata/" + name + ".txtar")
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range a.Files {
			f.Add(string(file.Data))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		l := &looker{Place: Place{Name: "n"}}
		l.corosync(text)
		for _, n := range l.m.Nodes {
			if n.Name == "" {
				t.Error("a node without a name")
			}
		}
		for _, v := range floating(text) {
			if !v.Address.IsValid() {
				t.Errorf("%v", v)
			}
		}
		for _, h := range hosts(text, "n") {
			if h.Name == "" || h.Name == "n" || len(h.Addrs) == 0 {
				t.Errorf("%+v", h)
			}
		}
		debian(text)
		lanAddress(text)
	})
}
