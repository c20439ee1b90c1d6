package packages

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	maker "github.com/oneha/oneha/test/packages/build"
)

// The versions that are built. The newer one is as a build between two releases is
// called, so that dpkg and rpm have to sort it right.
const (
	older = "1.0.0"
	newer = "1.0.0+3.gabc1234"
)

// revision is the packaging's own, behind the version.
const revision = "-1"

// names are the packages.
var names = []string{"oneha", "resource-agents-opennebula", "fence-agents-bmc", "oneha-raft"}

// checkout is the top of this checkout.
const checkout = "../.."

// here is this machine's architecture.
const here = runtime.GOARCH

// built are the directories of the builds that tests share, by version; TestMain
// removes them.
var built = map[string]string{}

// packages returns the directory with every package of a version for this machine's
// architecture, which it makes for the first test that asks.
func packages(t testing.TB, version string) string {
	t.Helper()
	if built[version] == "" {
		dir, err := os.MkdirTemp("", "oneha-packages-")
		if err != nil {
			t.Fatal(err)
		}
		built[version] = dir
		build(t, dir, version, here)
	}
	return filepath.Join(built[version], "packages")
}

// build makes the packages of a version for some architectures, below dir in packages.
func build(t testing.TB, dir, version, arches string) string {
	t.Helper()
	made, err := maker.Make(t.Context(), checkout, dir, version, arches)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// debFile is the file of a package in dir.
func debFile(t testing.TB, dir, name, arch string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, name+"_*_"+arch+".deb"))
	if err != nil || len(found) != 1 {
		t.Fatalf("%s for %s: found %v (%v), want one deb", name, arch, found, err)
	}
	return found[0]
}

// archOf is how a package for an architecture calls it: oneha-raft has no binary.
func archOf(name, arch string) string {
	if name == "oneha-raft" {
		return "all"
	}
	return arch
}

// controlField is a field of a control file, "" when it is not there.
func controlField(control, name string) string {
	for line := range strings.Lines(control) {
		if value, ok := strings.CutPrefix(line, name+": "); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// listing is a package's files as a person reads them, one a line.
func listing(files []file) string {
	var b strings.Builder
	for _, f := range files {
		fmt.Fprintf(&b, "%s %s %s", f.mode, f.owner, f.path)
		if f.link != "" {
			b.WriteString(" -> " + f.link)
		}
		b.WriteString("\n")
	}
	return b.String()
}
