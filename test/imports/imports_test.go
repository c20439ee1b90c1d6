// Package imports holds the rules of the house: which room may import which,
// and who may touch the process. They are the part of the design that a
// compiler does not check.
package imports

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/oneha/oneha"

type pkg struct {
	ImportPath string
	Standard   bool
	Imports    []string
	Deps       []string
}

// list runs "go list" for patterns of this module.
func list(t *testing.T, args ...string) []pkg {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-tags", "urfave_cli_no_docs", "-json=ImportPath,Standard,Imports,Deps"}, args...)...)
	cmd.Dir = filepath.Join("..", "..")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var pkgs []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); dec.More(); {
		var p pkg
		if err := dec.Decode(&p); err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
	if len(pkgs) == 0 {
		t.Fatalf("go list %v: no packages", args)
	}
	return pkgs
}

// rooms says what each room may import of ours (prefixes relative to the
// module); rooms that are not listed are not restricted.
var rooms = []struct {
	room       string
	may        []string
	onlyStdlib bool
}{
	{room: "ocf", onlyStdlib: true},
	{room: "fence", onlyStdlib: true},
	{room: "agents", may: []string{"ocf", "internal/vip", "internal/unit", "internal/one", "internal/version", "internal/events", "internal/vmha/takeover/child"}},
	{room: "cib", may: []string{"internal/spec", "internal/diag", "internal/target"}},
	{room: "internal/diag"},
	{room: "internal/version"},
	{room: "internal/vip"},
	{room: "internal/unit"},
	{room: "internal/one", may: []string{"internal/diag"}},
	{room: "internal/bmc"},
	{room: "internal/confedit", may: []string{"internal/diag"}},
	{room: "internal/events", onlyStdlib: true},
	{room: "internal/timeline", may: []string{"internal/events", "internal/preview"}},
	{room: "internal/raft/lease", onlyStdlib: true},
	{room: "internal/raft/floating", may: []string{"internal/raft/lease", "internal/vip"}},
	{room: "internal/raft/following", may: []string{"internal/one", "internal/unit"}},
	{room: "internal/raft/guard/control"},
	{room: "internal/raft/guard", may: []string{"internal/raft/lease", "internal/raft/floating", "internal/raft/following", "internal/spec", "internal/diag", "internal/one", "internal/unit", "internal/version"}},
	{room: "internal/raft/hook", may: []string{"internal/raft/floating", "internal/raft/following", "internal/raft/guard/control", "internal/spec", "internal/one", "internal/vip"}},
	{room: "internal/raft/zone", may: []string{"internal/spec", "internal/one", "internal/confedit"}},
	{room: "internal/raft/zoneconf", may: []string{"internal/spec", "internal/diag", "internal/one", "internal/confedit", "packaging"}},
	{room: "internal/raft/health", may: []string{"internal/raft/zone", "internal/raft/guard/control", "internal/diag", "internal/one", "internal/screen"}},
	{room: "internal/raft/doctor", may: []string{"internal/raft/health", "internal/raft/zone", "internal/raft/zoneconf", "internal/spec", "internal/diag", "internal/confedit", "internal/remote"}},
	{room: "internal/raft/procedure", may: []string{"internal/raft/zoneconf", "internal/spec", "internal/diag", "internal/one", "internal/confedit", "internal/remote", "internal/shell"}},
	{room: "internal/remote", may: []string{"internal/shell"}},
	{room: "internal/shell", onlyStdlib: true},
	{room: "internal/screen"},
	{room: "internal/twin", may: []string{"internal/confedit", "internal/diag", "internal/remote", "internal/version"}},
	{room: "internal/vmha/recovery", may: []string{"internal/one"}},
	{room: "internal/vmha/transfer", may: []string{"internal/diag"}},
	{room: "internal/vmha/settings", may: []string{"internal/diag", "internal/fenceagent", "internal/one", "internal/vmha/recovery"}},
	{room: "internal/vmha/takeover", may: []string{"internal/one", "internal/diag", "internal/screen", "internal/vmha/incident", "internal/vmha/recovery", "internal/vmha/survey"}},
	{room: "internal/vmha/takeover/child", may: []string{"internal/one"}},
	{room: "internal/vmha/survey", may: []string{"internal/one", "internal/vmha/recovery", "internal/vmha/hypervisor"}},
	{room: "internal/vmha/hypervisor", may: []string{"internal/one", "internal/remote", "internal/vmha/recovery"}},
	{room: "internal/vmha/incident", may: []string{"fence", "internal/fenceagent", "internal/fencecheck", "internal/one", "internal/vmha/recovery", "internal/vmha/settings"}},
	{room: "internal/roff"},
	{room: "internal/commands"},
	{room: "internal/complete", may: []string{"internal/commands"}},
	{room: "internal/fenceagent", may: []string{"fence", "internal/bmc", "internal/version"}},
	{room: "internal/fencecheck", may: []string{"fence", "internal/bmc"}},
	{room: "internal/lint", may: []string{"internal/spec", "internal/diag", "internal/one", "internal/raft/lease", "internal/raft/zoneconf", "cib"}},
	{room: "internal/nodefacts", may: []string{"internal/lint", "internal/spec", "internal/diag", "internal/confedit", "internal/raft/zoneconf", "internal/one", "internal/unit", "internal/vip", "internal/fenceagent", "fence"}},
	{room: "internal/runbook", may: []string{"internal/spec", "internal/target", "internal/one", "internal/raft/zoneconf", "internal/shell", "cib"}},
	{room: "internal/pacemaker", may: []string{"internal/diag"}},
	{room: "internal/preview", may: []string{"internal/pacemaker", "internal/diag"}},
	{room: "internal/picture", may: []string{"internal/diag"}},
	{room: "internal/apply", may: []string{"internal/pacemaker", "internal/diag", "cib"}},
	{room: "internal/adopt", may: []string{"internal/cibtext", "internal/spec", "internal/diag", "internal/target", "internal/one", "cib"}},
	{room: "internal/cibtext"},
	{room: "internal/pcstext", may: []string{"internal/cibtext", "internal/diag"}},
	{room: "internal/crmtext", may: []string{"internal/cibtext", "internal/diag"}},
	{room: "internal/interview", may: []string{"internal/spec", "internal/diag", "internal/target", "internal/one"}},
	{room: "internal/status", may: []string{"internal/pacemaker", "internal/diag", "internal/one", "internal/vip", "internal/spec", "internal/screen"}},
	{room: "internal/spec", may: []string{"internal/diag", "internal/one", "internal/target"}},
	{room: "internal/target"},
	{room: "test/fakezone", may: []string{"internal/one", "test/fakeoned"}},
}

func TestRoomsImportDownwards(t *testing.T) {
	for _, r := range rooms {
		for _, p := range list(t, "./"+r.room+"/...") {
			for _, imp := range p.Imports {
				ours, own := strings.CutPrefix(imp, module+"/")
				switch {
				case own && !under(ours, append(r.may, r.room)):
					t.Errorf("%s imports %s: %s may import of ours only %v", p.ImportPath, imp, r.room, r.may)
				case r.onlyStdlib && !own && strings.Contains(strings.SplitN(imp, "/", 2)[0], "."):
					t.Errorf("%s imports %s: %s is a contract and stands on the standard library alone", p.ImportPath, imp, r.room)
				}
			}
		}
	}
}

func under(path string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return path == p || strings.HasPrefix(path, p+"/") })
}

// An agent runs every few seconds for years: what is linked in is paid for at
// every start, because package initialisation precedes main.
func TestAgentBinaryStaysSmall(t *testing.T) {
	deps := list(t, "./cmd/ocf-opennebula")[0].Deps
	for _, heavy := range []string{"github.com/bmc-toolbox/", "github.com/OpenNebula/", "github.com/urfave/cli", "github.com/goccy/go-yaml", "github.com/beevik/etree", "github.com/bougou/go-ipmi"} {
		for _, d := range deps {
			if strings.HasPrefix(d, heavy) {
				t.Errorf("cmd/ocf-opennebula links %s", d)
			}
		}
	}
}

func TestFenceBinaryHoldsNoCommandLineFramework(t *testing.T) {
	for _, d := range list(t, "./cmd/fence-bmc")[0].Deps {
		if strings.HasPrefix(d, "github.com/urfave/cli") || strings.HasPrefix(d, "github.com/OpenNebula/") {
			t.Errorf("cmd/fence-bmc links %s", d)
		}
	}
}

// processFiles may touch the process itself, its arguments, environment and exit:
// the mains, and what only tests use. Everything else gets them as values, so that
// tests can give others.
var processFiles = []string{"cmd/", "packaging/licences/main.go", "packaging/man/main.go", "packaging/reference/main.go", "packaging/sbom/main.go", "packaging/site/main.go", "test/", "examples/", "ocf/main.go", "fence/main.go", "internal/vip/viptest/", "internal/bmc/bmctest/"}

func TestOnlyMainsTouchTheProcess(t *testing.T) {
	root := filepath.Join("..", "..")
	files := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, path)
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && rel != "." || d.Name() == "testdata" || rel == "out" || rel == "bin") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") ||
			slices.ContainsFunc(processFiles, func(p string) bool { return strings.HasPrefix(filepath.ToSlash(rel), p) }) {
			return nil
		}
		files++
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == "os" &&
				slices.Contains([]string{"Args", "Exit", "Getenv", "LookupEnv", "Environ", "Setenv"}, sel.Sel.Name) {
				t.Errorf("%s: os.%s: only cmd/ and the Main of a contract touch the process", fset.Position(n.Pos()), sel.Sel.Name)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files == 0 {
		t.Fatal("no file looked at: the walk is broken")
	}
}
