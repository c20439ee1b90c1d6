package main

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

// module is one that is linked into a binary, with the texts of its licences.
type module struct {
	Path, Version string
	texts         []text
}

// text is one file of a module.
type text struct {
	name    string // below the module
	content string
	notice  bool // goes with the licence and is none itself
}

// golang stands for the standard library, which is linked in like a module.
const golang = "Go"

// licenceFile is how files are called that a distribution has to pass on.
var licenceFile = regexp.MustCompile(`(?i)^(licen[cs]es?|copying|unlicense|copyright|notice)([-._].*)?$`)

// linked returns the modules that are linked into the commands (patterns of go list)
// for an architecture that we package, sorted by path. It runs the go command in dir,
// which fetches what is missing.
func linked(dir string, tags string, commands ...string) ([]module, error) {
	found := map[string]module{}
	for _, arch := range []string{"amd64", "arm64"} {
		cmd := exec.Command("go", append([]string{"list", "-deps", "-tags", tags, "-json=Dir,Standard,Module"}, commands...)...)
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
	var all []module
	for _, m := range found {
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b module) int { return cmp.Compare(strings.ToLower(a.Path), strings.ToLower(b.Path)) })
	return all, nil
}

// collect adds what go list said to found: every package brings the licences of its
// own directory and of those above it, up to its module's.
func collect(found map[string]module, in *json.Decoder) error {
	for {
		var p struct {
			Dir      string
			Standard bool
			Module   *struct {
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
		m, root := module{}, ""
		switch {
		case p.Standard:
			m, root = module{Path: golang, Version: strings.TrimPrefix(runtime.Version(), "go")}, runtimeRoot(p.Dir)
		case p.Module == nil || p.Module.Main:
			continue
		default:
			m, root = module{Path: p.Module.Path, Version: p.Module.Version}, p.Module.Dir
		}
		if known, ok := found[m.Path]; ok {
			m = known
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
func (m *module) read(root, dir string) error {
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
		if slices.ContainsFunc(m.texts, func(t text) bool { return t.name == name }) {
			continue
		}
		content, err := fs.ReadFile(os.DirFS(dir), e.Name())
		if err != nil {
			return fmt.Errorf("licences of %s: %w", m.Path, err)
		}
		m.texts = append(m.texts, text{name: name, content: string(content), notice: strings.HasPrefix(strings.ToLower(e.Name()), "notice")})
	}
	slices.SortFunc(m.texts, func(a, b text) int { return cmp.Compare(a.name, b.name) })
	return nil
}
