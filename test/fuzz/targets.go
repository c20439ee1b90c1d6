package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// target is a function func FuzzX(*testing.F) of a package.
type target struct {
	Package string // relative to the module: internal/one
	Name    string // FuzzReply
}

func (t target) String() string { return t.Package + "." + t.Name }

// listed is what find asks go list of a package.
type listed struct {
	Dir          string
	ImportPath   string
	Module       struct{ Path string }
	TestGoFiles  []string
	XTestGoFiles []string
}

// find lists the wanted targets of the module in this directory, sorted. It reads the sources, since
// go test -list would link a test binary for each package of the tree, which takes minutes.
func find(ctx context.Context, tags string, wanted *regexp.Regexp) ([]target, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-tags", tags, "-json=Dir,ImportPath,Module,TestGoFiles,XTestGoFiles", "./...")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w\n%s", err, stderr.Bytes())
	}
	var all []target
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		name := cmp.Or(strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, p.Module.Path), "/"), ".")
		for _, file := range slices.Concat(p.TestGoFiles, p.XTestGoFiles) {
			names, err := fuzzNames(filepath.Join(p.Dir, file))
			if err != nil {
				return nil, err
			}
			for _, n := range names {
				if t := (target{name, n}); wanted.MatchString(t.String()) {
					all = append(all, t)
				}
			}
		}
	}
	slices.SortFunc(all, func(a, b target) int {
		return cmp.Or(cmp.Compare(a.Package, b.Package), cmp.Compare(a.Name, b.Name))
	})
	return all, nil
}

// fuzzNames lists the fuzz functions of one file of Go by what testing goes by: the name, and the parameter.
func fuzzNames(file string) ([]string, error) {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, d := range parsed.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Recv != nil || !strings.HasPrefix(f.Name.Name, "Fuzz") || len(f.Type.Params.List) != 1 {
			continue
		}
		if star, ok := f.Type.Params.List[0].Type.(*ast.StarExpr); ok {
			if of, ok := star.X.(*ast.SelectorExpr); ok && of.Sel.Name == "F" {
				names = append(names, f.Name.Name)
			}
		}
	}
	return names, nil
}
