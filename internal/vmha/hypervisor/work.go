package hypervisor

import (
	"path"
	"regexp"
	"strconv"
	"strings"
)

var (
	domainName = regexp.MustCompile(`(?:^|[^0-9A-Za-z])one-(\d+)`) // one-42; a volume of LVM: lv-one-42-0
	volumeName = regexp.MustCompile(`one-(?:sys|\d+)-(\d+)`)       // a volume of Ceph: one-7-42-0
)

// AtWork finds the virtual machines that processes still work on, with one of those each:
// what has their directory, volumes or domain in its command line. Better one too many
// than one too few: what is said to be worked on is left alone.
func AtWork(processes []string) map[int]string {
	found := map[int]string{}
	for _, line := range processes {
		if isDomain(line) {
			continue
		}
		note := func(word string) {
			if id, err := strconv.Atoi(word); err == nil && number(word) {
				found[id] = line
			}
		}
		for _, word := range strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" \t'\"=:,;()", r) }) {
			// datastores/0/42/disk.0 and vms/42/transfer.0.prolog
			parts := strings.FieldsFunc(word, func(r rune) bool { return r == '/' })
			for i := 1; i < len(parts); i++ {
				if parts[i-1] == "vms" || number(parts[i-1]) {
					note(parts[i])
				}
			}
		}
		for _, e := range []*regexp.Regexp{domainName, volumeName} {
			for _, match := range e.FindAllStringSubmatch(line, -1) {
				note(match[1])
			}
		}
	}
	return found
}

func number(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// isDomain reports whether a process is a domain itself, or serves a running one.
func isDomain(line string) bool {
	program, _, _ := strings.Cut(line, " ")
	switch name := path.Base(program); name {
	case "qemu-kvm", "kvm", "swtpm", "virtiofsd", "passt":
		return true
	default:
		return strings.HasPrefix(name, "qemu-system")
	}
}

// guestName is what libvirt calls a domain in the command line of its process; before 2.0
// without "guest=".
var guestName = regexp.MustCompile(` -name (?:guest=)?([^, ]+)`)

// guests are the domains whose processes run. A domain process is no worker, but one that
// libvirt does not list still has its disks open.
func guests(processes []string) map[string]bool {
	found := map[string]bool{}
	for _, line := range processes {
		if m := guestName.FindStringSubmatch(line); m != nil && isDomain(line) {
			found[m[1]] = true
		}
	}
	return found
}
