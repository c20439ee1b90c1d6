// Package linked finds out what is linked into our binaries: the modules, each with
// its licences, for what a package has to say of itself.
package linked

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
)

// Module is one that is linked into a binary, with the texts of its licences.
type Module struct {
	Path, Version string
	Texts         []Text   // sorted by name
	Needs         []string // paths of other modules that it imports, sorted; Golang is not told
}

// Text is one file of a module.
type Text struct {
	Name    string // below the module
	Content string
	Notice  bool // goes with the licence and is none itself
}

// Golang stands for the standard library, which is linked in like a module. Its
// version has no "go" in front.
const Golang = "Go"

// licenceFile is how files are called that a distribution has to pass on.
var licenceFile = regexp.MustCompile(`(?i)^(licen[cs]es?|copying|unlicense|copyright|notice)([-._].*)?$`)

// Modules returns the modules that are linked into the commands (patterns of go list)
// for an architecture that we package, sorted by path. It runs the go command in dir,
// which fetches what is missing.
func Modules(dir string, commands ...string) ([]Module, error) {
	found := map[string]Module{}
	for _, arch := range []string{"amd64", "arm64"} {
		cmd := exec.Command("go", append([]string{"list", "-deps", "-tags", tags, "-json=Dir,ImportPath,Imports,Standard,Module"}, commands...)...)
		cmd.Dir = dir
		cmd.Env = append(cmd.Environ(), "GOOS=linux", "GOARCH="+arch, "CGO_ENABLED=0")
		var errs bytes.Buffer
		cmd.Stderr = &errs
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("go list: %w\n%s", err, errs.String())
		}
		if err := collect(found, json.NewDecoder(bytes.NewReader(out))); err != nil {
			return nil, err
		}
	}
	var all []Module
	for _, m := range found {
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b Module) int { return cmp.Compare(strings.ToLower(a.Path), strings.ToLower(b.Path)) })
	return all, nil
}

// collect adds what go list said to found: every package brings the licences of its
// own directory and of those above it, up to its module's. A package comes after all
// that it imports.
func collect(found map[string]Module, in *json.Decoder) error {
	owner := map[string]string{} // module of a package, not of the standard library's
	for {
		var p struct {
			Dir, ImportPath string
			Imports         []string
			Standard        bool
			Module          *struct {
				Path, Version, Dir string
				Main               bool
			}
		}
		switch err := in.Decode(&p); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("read go list: %w", err)
		}
		m, root := Module{}, ""
		switch {
		case p.Standard:
			m, root = Module{Path: Golang, Version: strings.TrimPrefix(runtime.Version(), "go")}, runtimeRoot(p.Dir)
		case p.Module == nil || p.Module.Main:
			continue
		default:
			m, root = Module{Path: p.Module.Path, Version: p.Module.Version}, p.Module.Dir
		}
		if known, ok := found[m.Path]; ok {
			m = known
		}
		if !p.Standard {
			owner[p.ImportPath] = m.Path
			for _, needed := range p.Imports {
				if o := owner[needed]; o != "" && o != m.Path {
					m.Needs = append(m.Needs, o)
				}
			}
			slices.Sort(m.Needs)
			m.Needs = slices.Compact(m.Needs)
		}
		for dir := p.Dir; ; dir = filepath.Dir(dir) {
			if err := m.read(root, dir); err != nil {
				return err
			}
			if dir == root || dir == filepath.Dir(dir) {
				break
			}
		}
		found[m.Path] = m
	}
}

// runtimeRoot is GOROOT for the directory of one of its packages.
func runtimeRoot(dir string) string {
	root, _, _ := strings.Cut(dir, string(filepath.Separator)+"src"+string(filepath.Separator))
	return root
}

// read adds the licences in dir, which is root or below it, to m.
func (m *Module) read(root, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("licences of %s: %w", m.Path, err)
	}
	for _, e := range entries {
		if !e.Type().IsRegular() || !licenceFile.MatchString(e.Name()) || strings.HasSuffix(e.Name(), ".go") {
			continue
		}
		file := filepath.Join(dir, e.Name())
		name, err := filepath.Rel(root, file)
		if err != nil {
			return fmt.Errorf("licences of %s: %w", m.Path, err)
		}
		if slices.ContainsFunc(m.Texts, func(t Text) bool { return t.Name == name }) {
			continue
		}
		content, err := fs.ReadFile(os.DirFS(dir), e.Name())
		if err != nil {
			return fmt.Errorf("licences of %s: %w", m.Path, err)
		}
		m.Texts = append(m.Texts, Text{Name: name, Content: string(content), Notice: strings.HasPrefix(strings.ToLower(e.Name()), "notice")})
	}
	slices.SortFunc(m.Texts, func(a, b Text) int { return cmp.Compare(a.Name, b.Name) })
	return nil
}
