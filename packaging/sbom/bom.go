package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"

	"github.com/oneha/oneha/packaging/linked"
)

// home is where oneha is from.
const home = "https://github.com/oneha/oneha"

// ownModule is our path as a Go module.
const ownModule = "github.com/oneha/oneha"

// product is what the bill is of.
type product struct {
	version string // of the packages
	commit  string // "" when it is not known
	made    time.Time
}

// encode makes the bill: the binaries as components, each of which depends on all
// modules that are linked into it, and the modules, each of which depends on those that
// it imports. Licences are those of modules, which have to know every module of a binary.
func encode(p product, binaries []binary, modules []linked.Module) ([]byte, error) {
	parts, err := partsOf(binaries, modules)
	if err != nil {
		return nil, err
	}
	own := cdx.Component{
		BOMRef: "oneha", Type: cdx.ComponentTypeApplication, Name: "oneha", Version: p.version, PackageURL: purl(ownModule, p.version),
		Description: "high availability for OpenNebula front-ends", Licenses: licences(linked.Own),
		ExternalReferences: &[]cdx.ExternalReference{{URL: home, Type: cdx.ERTypeVCS}},
	}
	if p.commit != "" {
		own.Properties = &[]cdx.Property{{Name: "oneha:commit", Value: p.commit}}
	}
	bom := cdx.NewBOM()
	bom.Metadata = &cdx.Metadata{
		Timestamp:  p.made.UTC().Format(time.RFC3339),
		Lifecycles: &[]cdx.Lifecycle{{Phase: cdx.LifecyclePhaseBuild}},
		Tools:      &cdx.ToolsChoice{Components: &[]cdx.Component{{Type: cdx.ComponentTypeApplication, Name: ownModule + "/packaging/sbom", Version: p.version}}},
		Component:  &own,
		Supplier:   &cdx.OrganizationalEntity{Name: "The oneha authors", URL: &[]string{home}},
	}
	var components []cdx.Component
	var edges []cdx.Dependency
	depends := func(ref string, on []string) {
		edge := cdx.Dependency{Ref: ref}
		if len(on) > 0 {
			edge.Dependencies = &on
		}
		edges = append(edges, edge)
	}
	var made []string
	for _, b := range binaries {
		c := b.component(p.version)
		components, made = append(components, c), append(made, c.BOMRef)
	}
	depends(own.BOMRef, made)
	for i, b := range binaries {
		on := []string{purl(stdlib, b.golang)}
		for _, m := range b.modules {
			on = append(on, purl(m.path, m.version))
		}
		depends(made[i], on)
	}
	for _, path := range slices.Sorted(maps.Keys(parts)) {
		m := parts[path]
		components = append(components, m.component)
		depends(m.component.BOMRef, m.needs)
	}
	bom.Components, bom.Dependencies = &components, &edges
	plain, err := text(bom)
	if err != nil {
		return nil, err
	}
	bom.SerialNumber = serial(plain)
	return text(bom)
}

// text is the bill as JSON.
func text(bom *cdx.BOM) ([]byte, error) {
	var b bytes.Buffer
	if err := cdx.NewBOMEncoder(&b, cdx.BOMFileFormatJSON).SetPretty(true).SetEscapeHTML(false).EncodeVersion(bom, cdx.SpecVersion1_6); err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	return b.Bytes(), nil
}

// serial is a UUID that says no more than the text that it is made from: version 8 of
// RFC 9562, by SHA-256.
func serial(text []byte) string {
	sum := sha256.Sum256(text)
	sum[6] = sum[6]&0x0f | 0x80
	sum[8] = sum[8]&0x3f | 0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", sum[0:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

// known is a module in the bill.
type known struct {
	component cdx.Component
	needs     []string // references
}

// stdlib is how vulnerability databases call the standard library.
const stdlib = "stdlib"

// partsOf are the modules of all binaries by path, and the standard library.
func partsOf(binaries []binary, modules []linked.Module) (map[string]known, error) {
	byPath := map[string]linked.Module{}
	for _, m := range modules {
		byPath[m.Path] = m
	}
	found := map[string]part{}
	for _, b := range binaries {
		for _, m := range append(slices.Clone(b.modules), part{path: linked.Golang, version: b.golang}) {
			if other, ok := found[m.path]; ok && other != m {
				return nil, fmt.Errorf("%s is in the binaries as %s and as %s: they are of two builds", m.path, other.version, m.version)
			}
			if byPath[m.path].Version != m.version {
				return nil, fmt.Errorf("%s %s is in %s for %s, and the sources here have version %q: build the binaries from them", m.path, m.version, b.Binary, b.arch, byPath[m.path].Version)
			}
			found[m.path] = m
		}
	}
	all := map[string]known{}
	for path, m := range found {
		names, err := byPath[path].Licences()
		if err != nil {
			return nil, err
		}
		shown := path
		if path == linked.Golang {
			shown = stdlib
		}
		ref := purl(shown, m.version)
		k := known{component: cdx.Component{
			BOMRef: ref, Type: cdx.ComponentTypeLibrary, Name: shown, Version: m.version, PackageURL: ref,
			Licenses: licences(names...), Scope: cdx.ScopeRequired,
		}}
		if m.sum != "" {
			// This is a digest of the digests of all files (golang.org/x/mod/sumdb/dirhash),
			// and no SHA-256 of a file that one could have, which is what a hash is here.
			k.component.Properties = &[]cdx.Property{{Name: "oneha:go.sum", Value: m.sum}}
		}
		for _, need := range byPath[path].Needs {
			if _, ok := found[need]; ok { // and is not for another architecture alone
				k.needs = append(k.needs, purl(need, byPath[need].Version))
			}
		}
		all[path] = k
	}
	return all, nil
}

// component is a binary in the bill.
func (b binary) component(version string) cdx.Component {
	ref := purl(ownModule, version) + "?goarch=" + b.arch + "&goos=linux#" + strings.TrimPrefix(b.Command, "./")
	return cdx.Component{
		BOMRef: ref, Type: cdx.ComponentTypeApplication, Name: b.Binary, Version: version, PackageURL: ref, Licenses: licences(linked.Own),
		Hashes:     &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: b.sha256}},
		Evidence:   &cdx.Evidence{Occurrences: &[]cdx.EvidenceOccurrence{{Location: b.Path}}},
		Properties: &[]cdx.Property{{Name: "oneha:architecture", Value: b.arch}, {Name: "oneha:package", Value: b.Name}},
	}
}

// licences are one by its name, or several, which are all to be kept.
func licences(names ...string) *cdx.Licenses {
	if len(names) == 1 {
		return &cdx.Licenses{{License: &cdx.License{ID: names[0]}}}
	}
	return &cdx.Licenses{{Expression: strings.Join(names, " AND ")}}
}

// purl is the package URL of a Go module. By its specification paths are in lower case,
// and of what versions have a plus sign is written otherwise.
func purl(path, version string) string {
	return "pkg:golang/" + strings.ToLower(path) + "@" + strings.ReplaceAll(version, "+", "%2B")
}
