package shown

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/oneha/oneha/cib"
	"github.com/oneha/oneha/internal/spec"
	"github.com/oneha/oneha/test/equality/chamber"
	"github.com/oneha/oneha/test/examples"
)

var (
	update = flag.Bool("update", false, "write testdata anew with the tools of all releases")
	only   = flag.String("only", "", "with -update: of this configuration alone")
)

// releases are the Debian releases whose tools are asked, with what the scripts in
// foreign/ have to say differently to each.
var releases = []struct {
	name string
	env  string
}{
	{"bullseye", "PROMOTED=Master UNPROMOTED=Slave SCORE= RULEROLE=master"},              // pcs 0.10, crmsh 4.2
	{"bookworm", "PROMOTED=Promoted UNPROMOTED=Unpromoted SCORE= RULEROLE=Promoted"},     // pcs 0.11, crmsh 4.4
	{"trixie", "PROMOTED=Promoted UNPROMOTED=Unpromoted SCORE=score= RULEROLE=Promoted"}, // pcs 0.12, crmsh 5.0
}

// capture asks the tools of one release what they print about the configurations that
// are wanted, and returns the files of testdata: NAME/CIB, NAME/pcs and NAME/crm.
func capture(t *testing.T, release, env, root string, wanted func(config string) bool) map[string]*txtar.Archive {
	t.Helper()
	c, err := chamber.Open(t.Context(), root, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	all := map[string]*txtar.Archive{}
	ask := func(name, script string, files map[string][]byte, keep bool) {
		if !wanted(name) {
			return
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		room, err := c.Room()
		if err != nil {
			t.Fatal(err)
		}
		defer room.Remove()
		for file, data := range files {
			if err := room.Put(file, data); err != nil {
				t.Fatal(err)
			}
		}
		_, err = room.Run(ctx, env+"\n"+script+printThem)
		if err != nil {
			t.Errorf("%s: %s: %v", release, name, err)
			return
		}
		a := &txtar.Archive{}
		for _, file := range []string{"cib.xml", "pcs", "wrapped", "crm"} {
			data, err := room.Get(file)
			if errors.Is(err, fs.ErrNotExist) && file != "cib.xml" {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			if file == "cib.xml" && !keep {
				continue
			}
			a.Files = append(a.Files, txtar.File{Name: release + "." + file, Data: data})
		}
		all[name] = a
	}

	for _, path := range examples.Pacemaker(t, "../../examples") {
		files := map[string][]byte{}
		for _, f := range generated(t, path) {
			files[f.Name] = f.Data
		}
		ask(strings.TrimSuffix(filepath.Base(path), ".yaml"), "cp corosync.conf /etc/corosync/corosync.conf\n", files, false)
	}
	foreign, err := filepath.Glob("foreign/*")
	if err != nil || len(foreign) < 7 {
		t.Fatalf("%d foreign configurations, %v", len(foreign), err)
	}
	for _, path := range foreign {
		name := strings.ReplaceAll(filepath.Base(path), ".", "-")
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		script := "rm -f /etc/corosync/corosync.conf\ncibadmin --empty >cib.xml\n"
		switch filepath.Ext(path) {
		case ".pcs":
			script += "pcs() { " + chamber.PCS + " -f cib.xml \"$@\"; }\n" + string(data)
		case ".crm":
			script += "cat >load <<EOF\n" + string(data) + "EOF\nCIB_file=$PWD/cib.xml crm -F configure load update load\n"
		default:
			script = wrapped + "rm -f /etc/corosync/corosync.conf\n"
		}
		ask(name, script, map[string][]byte{"cib.xml": data}, true)
	}
	return all
}

// printThem has both tools print the CIB.
const printThem = `
unset -f pcs || true
set -x
` + chamber.PCS + ` -f cib.xml config >pcs || rm pcs
CIB_file=$PWD/cib.xml crm configure show >crm
`

// wrapped is printed where the standard error is a terminal, of 60 columns: since 0.11
// pcs then breaks long lines, also into a file.
const wrapped = "COLUMNS=60 script -qec 'pcs -f cib.xml config >wrapped' /dev/null >/dev/null || rm wrapped\n"

func generated(t testing.TB, path string) []cib.File {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c, findings := spec.Parse(path, text)
	if findings.HasErrors() {
		t.Fatal(findings)
	}
	files, err := cib.Generate(c, "xml", "corosync")
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestUpdate writes testdata.
func TestUpdate(t *testing.T) {
	if !*update {
		t.Skip("only with -update, which needs root and the root file systems of all releases")
	}
	merged := map[string]*txtar.Archive{}
	for _, r := range releases {
		roots, _ := filepath.Glob(filepath.Join(os.Getenv("ONEHA_CACHE_DIR"), "rootfs", r.name+"-*"))
		if len(roots) == 0 {
			t.Fatalf("ONEHA_CACHE_DIR has no root file system of %s", r.name)
		}
		for name, a := range capture(t, r.name, r.env, roots[0], func(config string) bool { return *only == "" || *only == config }) {
			if merged[name] == nil {
				merged[name] = &txtar.Archive{}
			}
			merged[name].Files = append(merged[name].Files, a.Files...)
		}
	}
	for name, a := range merged {
		slices.SortStableFunc(a.Files, func(a, b txtar.File) int { return strings.Compare(a.Name, b.Name) })
		if err := os.WriteFile(fmt.Sprintf("testdata/%s.txtar", name), txtar.Format(a), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestToolsPrintThis: the tools of Debian 12 print what testdata holds, about an
// example, and about two configurations that pcs and crm write anew.
func TestToolsPrintThis(t *testing.T) {
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
	wanted := []string{"every-key", "web-pcs", "nfs-crm"}
	got := capture(t, "bookworm", releases[1].env, root, func(config string) bool { return slices.Contains(wanted, config) })
	for _, config := range wanted {
		want, err := txtar.ParseFile("testdata/" + config + ".txtar")
		if err != nil {
			t.Fatal(err)
		}
		if got[config] == nil {
			continue // the failure is told
		}
		for _, g := range got[config].Files {
			i := slices.IndexFunc(want.Files, func(w txtar.File) bool { return w.Name == g.Name })
			if i < 0 || string(want.Files[i].Data) != string(g.Data) {
				t.Errorf("%s: %s is not what testdata holds: look, then run go test -update\n%s", config, g.Name, g.Data)
			}
		}
	}
}
