package main

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/oneha/oneha/packaging/linked"
)

// binary is one of ours as it was built.
type binary struct {
	linked.Package
	arch    string // as Go calls it
	sha256  string // of the file, hexadecimal
	golang  string // version of Go, without "go" in front
	modules []part // linked into it, sorted by path
}

// part is a module as a binary tells it.
type part struct {
	path, version string
	sum           string // as in go.sum
}

// readBinary reads what the linker has written into a file: nothing that a build could
// know otherwise than the program itself.
func readBinary(file string, p linked.Package) (binary, error) {
	b := binary{Package: p}
	content, err := os.ReadFile(file)
	if err != nil {
		return b, err
	}
	sum := sha256.Sum256(content)
	b.sha256 = hex.EncodeToString(sum[:])
	info, err := buildinfo.ReadFile(file)
	if err != nil {
		return b, fmt.Errorf("%s: %w", file, err)
	}
	b.golang = strings.TrimPrefix(info.GoVersion, "go")
	if i := slices.IndexFunc(info.Settings, func(s debug.BuildSetting) bool { return s.Key == "GOARCH" }); i >= 0 {
		b.arch = info.Settings[i].Value
	}
	for _, m := range info.Deps {
		if m.Replace != nil {
			return b, fmt.Errorf("%s: %s is replaced by %s: teach packaging/sbom how to say that", file, m.Path, m.Replace.Path)
		}
		if m.Sum == "" {
			return b, fmt.Errorf("%s: %s has no sum: it does not come from a module proxy", file, m.Path)
		}
		b.modules = append(b.modules, part{m.Path, m.Version, m.Sum})
	}
	slices.SortFunc(b.modules, func(x, y part) int { return strings.Compare(x.path, y.path) })
	return b, nil
}
