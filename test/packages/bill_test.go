package packages

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"

	"github.com/oneha/oneha/packaging/linked"
	maker "github.com/oneha/oneha/test/packages/build"
)

// bill compares the bill of materials in dir with the binaries in the debs of an
// architecture: what the go command reads in them is there, and nothing else hangs on
// them.
func bill(t *testing.T, dir, version string, debs map[string]deb, arch string) {
	t.Helper()
	file, err := os.Open(filepath.Join(dir, "oneha-"+version+".cdx.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var bom cdx.BOM
	if err := cdx.NewBOMDecoder(file, cdx.BOMFileFormatJSON).Decode(&bom); err != nil {
		t.Fatal(err)
	}
	date := time.Unix(maker.Date, 0).UTC().Format(time.RFC3339)
	if bom.SpecVersion != cdx.SpecVersion1_6 || bom.Metadata.Timestamp != date || bom.Metadata.Component.Version != version {
		t.Errorf("%s of %s, version %s: want CycloneDX 1.6, %s and %s", bom.SpecVersion, bom.Metadata.Timestamp, bom.Metadata.Component.Version, date, version)
	}
	byRef, on := map[string]cdx.Component{}, map[string][]string{}
	for _, c := range *bom.Components {
		byRef[c.BOMRef] = c
	}
	for _, d := range *bom.Dependencies {
		if d.Dependencies != nil {
			on[d.Ref] = *d.Dependencies
		}
	}
	for _, p := range linked.Packages {
		if p.Command == "" {
			continue
		}
		program := unpack(t, debs[p.Name], p.Path)
		content, err := os.ReadFile(program)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(content)
		i := slices.IndexFunc(*bom.Components, func(c cdx.Component) bool {
			return c.Hashes != nil && (*c.Hashes)[0] == cdx.Hash{Algorithm: cdx.HashAlgoSHA256, Value: hex.EncodeToString(sum[:])}
		})
		if i < 0 {
			t.Errorf("%s for %s: no component has its sum", p.Path, arch)
			continue
		}
		c := (*bom.Components)[i]
		if at := (*c.Evidence.Occurrences)[0].Location; at != p.Path || !strings.Contains(c.BOMRef, "goarch="+arch+"&") || !slices.Contains(on[bom.Metadata.Component.BOMRef], c.BOMRef) {
			t.Errorf("%s for %s is %s at %s", p.Path, arch, c.BOMRef, at)
		}
		var got []string
		for _, ref := range on[c.BOMRef] {
			m := byRef[ref]
			line := m.Name + " " + m.Version
			if m.Properties != nil {
				line += " " + (*m.Properties)[0].Value
			}
			got = append(got, line)
		}
		if want := modulesIn(t, program); !slices.Equal(got, want) {
			t.Errorf("%s is made of\n%s\nand the bill says\n%s", p.Path, strings.Join(want, "\n"), strings.Join(got, "\n"))
		}
	}
}

// modulesIn are the standard library and the modules in a program, each with version
// and sum, as go version -m prints them.
func modulesIn(t *testing.T, program string) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "version", "-m", program).Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for line := range strings.Lines(string(out)) {
		switch words := strings.Fields(line); {
		case strings.HasPrefix(line, program+": "):
			all = append(all, "stdlib "+strings.TrimPrefix(words[1], "go"))
		case words[0] == "dep":
			all = append(all, strings.Join(words[1:], " "))
		}
	}
	slices.Sort(all[1:])
	if len(all) < 5 {
		t.Fatalf("go version -m:\n%s", out)
	}
	return all
}
