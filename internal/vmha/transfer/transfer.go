// Package transfer reads the files in which oned tells the Transfer Manager what to
// do with the disks of a virtual machine, and does one action after the other with a
// person, or a script, looking on. oned writes such a file for every step
// (src/tm/TransferManager.cc), the driver one_tm reads it line by line
// (src/tm_mad/one_tm.rb); after a failure it is still there.
package transfer

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/oneha/oneha/internal/diag"
)

// maxLine bounds a line, in bytes: oned's own are a few hundred.
const maxLine = 64 << 10

// File is a transfer file.
type File struct {
	Name    string
	Actions []Action // in the order of the file
	text    []byte
}

// Same reports whether this text is the one that was read.
func (f File) Same(text []byte) bool { return bytes.Equal(f.text, text) }

// Action is a line of a transfer file: a verb, the driver, and its arguments.
type Action struct {
	Line int    // from 1, in the file
	Verb string // as it stands there: CLONE, MV, CLONE.ssh
	TM   string // driver: shared, ssh, ceph, qcow2
	Args []string
}

// String is the action as it stands in the file, with single blanks.
func (a Action) String() string {
	return strings.Join(slices.Concat([]string{a.Verb, a.TM}, a.Args), " ")
}

// Parse reads a transfer file as the driver does: words between blanks, without any
// quoting; empty lines and those that begin with # are passed over. A line with less
// than a verb and a driver is an error, as is one that no driver could take.
func Parse(name string, text []byte) (File, diag.Findings) {
	f := File{Name: name, text: text}
	var findings diag.Findings
	wrong := func(line, column int, what, fix string) {
		findings = append(findings, diag.Finding{Severity: diag.Error, File: name, Line: line, Column: column, What: what, Fix: fix})
	}
	number := 0
	for line := range bytes.Lines(text) {
		number++
		line = bytes.TrimRight(line, "\r\n")
		words := strings.Fields(string(line))
		switch {
		case len(words) == 0 || strings.HasPrefix(words[0], "#"):
			continue
		case len(line) > maxLine:
			wrong(number, maxLine+1, fmt.Sprintf("a line of %d bytes", len(line)), "this is no transfer file of oned's")
			continue
		case bytes.IndexByte(line, 0) >= 0:
			wrong(number, bytes.IndexByte(line, 0)+1, "a byte that is no text", "this is no transfer file of oned's")
			continue
		case len(words) < 2:
			wrong(number, 1, fmt.Sprintf("%q has no driver behind it", clip(words[0])), "an action is a verb, a driver and its arguments: MV shared HOST:PATH HOST:PATH VM DATASTORE")
			continue
		case !plain(words[0]) || !plain(words[1]):
			wrong(number, 1, fmt.Sprintf("%q is no verb with a driver", clip(words[0]+" "+words[1])), "a verb and a driver name files in the remotes; they hold letters, digits, _, - and dots")
			continue
		}
		f.Actions = append(f.Actions, Action{Line: number, Verb: words[0], TM: words[1], Args: words[2:]})
	}
	return f, findings
}

// plain reports whether a word may name a script or its directory: a transfer file
// must not lead out of the remotes.
func plain(word string) bool {
	if strings.Trim(word, ".") == "" {
		return false
	}
	return !strings.ContainsFunc(word, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-.", r))
	})
}

func clip(s string) string {
	if len(s) > 60 {
		return s[:60] + "..."
	}
	return s
}

// Scripts are where the driver looks for the action's script below the directory of
// the drivers, one after the other: with a system driver behind the verb (CLONE.ssh)
// the script for it is taken if there is one.
func (a Action) Scripts(remotes string) []string {
	verb := strings.ToLower(a.Verb)
	paths := []string{filepath.Join(remotes, a.TM, verb)}
	if base, _, dotted := strings.Cut(verb, "."); dotted && base != "" {
		paths = append(paths, filepath.Join(remotes, a.TM, base))
	}
	return paths
}

// suffixes are the ends of the names of the transfer files by LCM_STATE. These are
// the states in which oned itself offers them to a person.
var suffixes = map[int]string{
	39: "prolog",
	38: "migrate", 44: "migrate", 46: "migrate", 61: "migrate",
	49: "resume", 50: "resume",
	40: "epilog",
	41: "stop", 42: "stop",
}

// Path is the transfer file of a virtual machine in a failed state below the
// directory of all (/var/lib/one/vms); seq is that of its last history record. ok is
// false in a state that has none.
func Path(vms string, vm, seq, lcm int) (path string, ok bool) {
	suffix, ok := suffixes[lcm]
	return filepath.Join(vms, fmt.Sprint(vm), fmt.Sprintf("transfer.%d.%s", seq, suffix)), ok
}

// States are the LCM_STATEs that have a transfer file, sorted.
func States() []int {
	var states []int
	for lcm := range suffixes {
		states = append(states, lcm)
	}
	slices.Sort(states)
	return states
}
