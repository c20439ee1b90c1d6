package hypervisor

import (
	"bytes"
	"errors"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Report is what a host said. Parts that it could not tell are nil, and unknown.
type Report struct {
	Err       error                      // nothing of it is known, and why
	Domains   map[string]string          // by name, their state in virsh's words
	AtWork    map[int]string             // a process, by the virtual machine that it works on
	Guests    map[string]bool            // domains that a process runs, whatever libvirt says
	XML       map[string]string          // by domain
	Snapshots map[string][]string        // by domain
	Dirs      map[string]map[string]File // by directory and name; empty for one that is not there
}

// File is a file on a host.
type File struct {
	Changed time.Time
	Size    int64
}

// parse reads what the script printed.
func parse(mark string, text []byte) (Report, error) {
	r := Report{XML: map[string]string{}, Snapshots: map[string][]string{}, Dirs: map[string]map[string]File{}}
	what, name := "", ""
	var body []string
	whole := false
	for raw := range bytes.Lines(text) {
		line := strings.TrimRight(string(raw), "\r\n")
		said, ours := strings.CutPrefix(line, mark+" ")
		if !ours {
			body = append(body, line)
			continue
		}
		word, rest, _ := strings.Cut(said, " ")
		switch word {
		case "end":
			if rest == "0" {
				r.take(what, name, body)
			}
			what, name = "", ""
		case "whole":
			whole = true
		default:
			what, name = word, rest
		}
		body = body[:0]
	}
	if !whole {
		return Report{}, errors.New("its answer was cut off")
	}
	return r, nil
}

// take puts a part that the host could tell in its place.
func (r *Report) take(what, name string, body []string) {
	switch what {
	case "list":
		r.Domains = domains(body)
	case "ps":
		lines := make([]string, len(body))
		for i, line := range body {
			lines[i] = strings.TrimSpace(line)
		}
		r.AtWork, r.Guests = AtWork(lines), guests(lines)
	case "xml":
		r.XML[name] = strings.Join(body, "\n")
	case "snapshots":
		list := []string{}
		for _, line := range body {
			if line = strings.TrimSpace(line); line != "" {
				list = append(list, line)
			}
		}
		r.Snapshots[name] = list
	case "dir":
		r.Dirs[name] = files(body)
	}
}

// Rows of virsh list --all: an ID or -, a name, which may have spaces (OpenNebula takes
// over machines that others named), and a state, which may, too. A state that is not
// known stands in a column of its own.
var (
	row    = regexp.MustCompile(`^\s*(?:-|\d+)\s+(\S.*?)\s+(running|idle|paused|in shutdown|shut off|crashed|dying|pmsuspended|no state)\s*$`)
	newRow = regexp.MustCompile(`^\s*(?:-|\d+)\s+(\S.*?)\s{2,}(\S.*?)\s*$`)
)

// domains reads the table of virsh list --all. nil if it is no such table.
func domains(lines []string) map[string]string {
	found, ruled := map[string]string{}, false
	for _, line := range lines {
		text := strings.TrimSpace(line)
		switch {
		case text == "":
		case strings.Trim(text, "-") == "" && len(text) > 1:
			ruled = true
		case !ruled:
		default:
			m := row.FindStringSubmatch(line)
			if m == nil {
				m = newRow.FindStringSubmatch(line)
			}
			if m == nil {
				return nil
			}
			found[m[1]] = m[2]
		}
	}
	if !ruled {
		return nil
	}
	return found
}

// files reads what find printed: time, size, name.
func files(lines []string) map[string]File {
	list := map[string]File{}
	for _, line := range lines {
		at, rest, _ := strings.Cut(line, " ")
		size, name, ok := strings.Cut(rest, " ")
		seconds, err := strconv.ParseFloat(at, 64)
		bytes, bad := strconv.ParseInt(size, 10, 64)
		if !ok || err != nil || bad != nil || name == "" || math.IsNaN(seconds) || math.Abs(seconds) > 1<<40 {
			continue
		}
		list[name] = File{time.Unix(int64(seconds), 0), bytes}
	}
	return list
}
