package target

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
)

// Runner runs a program and returns what it wrote to its standard output.
type Runner func(ctx context.Context, name string, args ...string) ([]byte, error)

// Detect finds out what a machine has: the release from os-release(5) below root, and
// with run the versions that the programs name themselves, which count more. run may
// be nil. A program that cannot be run has the version of the release; a machine of an
// unknown release on which no program can be run is an error.
func Detect(ctx context.Context, root fs.FS, run Runner) (Target, error) {
	var t Target
	text, err := fs.ReadFile(root, "etc/os-release")
	if err != nil {
		text, err = fs.ReadFile(root, "usr/lib/os-release")
	}
	if err == nil {
		if r, ok := parseRelease(text); ok {
			t = r.Target()
		}
	}
	var given []Tool
	for _, tool := range Tools {
		if run == nil {
			break
		}
		ask := asked[tool]
		out, err := run(ctx, ask[0], ask[1:]...)
		if err != nil {
			continue
		}
		if found := versionIn.FindSubmatch(out); found != nil {
			if versions, ok := ParseRange(string(found[1])); ok {
				*t.at(tool) = versions
				given = append(given, tool)
			}
		}
	}
	switch {
	case t.Release == "" && len(given) == 0:
		return Target{}, fmt.Errorf("detect target: neither the release nor the cluster's programs are known here: name one of %s", strings.Join(Names(), ", "))
	case t.Release == "":
		t.fill(given)
	}
	return t, nil
}

// asked are the commands that print a program's version.
var asked = map[Tool][]string{
	Pacemaker: {"pacemakerd", "--version"},
	Corosync:  {"corosync", "-v"},
	PCS:       {"pcs", "--version"},
	Crmsh:     {"crm", "--version"},
}

// versionIn finds the version in "Pacemaker 2.1.5", "Corosync Cluster Engine, version '3.1.7'",
// "0.11.5" and "crm 4.4.0".
var versionIn = regexp.MustCompile(`(?:^|[ '"v])([0-9]+\.[0-9]+(?:\.[0-9]+){0,2})`)

// parseRelease finds the release that an os-release file names. One that is only
// like another is taken for that when its version is the same, as AlmaLinux 9.4 for
// the Enterprise Linux 9.
func parseRelease(text []byte) (Release, bool) {
	values := map[string]string{}
	for in := bufio.NewScanner(bytes.NewReader(text)); in.Scan(); {
		if key, value, ok := strings.Cut(in.Text(), "="); ok {
			values[strings.TrimSpace(key)] = strings.ToLower(strings.Trim(strings.TrimSpace(value), `"'`))
		}
	}
	version := values["VERSION_ID"]
	major, _, _ := strings.Cut(version, ".")
	if version == "" {
		return Release{}, false
	}
	for _, id := range append([]string{values["ID"]}, strings.Fields(values["ID_LIKE"])...) {
		switch id {
		case "sles_sap", "sle_hpc", "suse", "sle":
			id = "sles"
		case "opensuse":
			id = "opensuse-leap"
		}
		for _, v := range []string{version, major} {
			if r, ok := Named(id + "-" + v); ok {
				return r, true
			}
		}
	}
	return Release{}, false
}
