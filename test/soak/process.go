package soak

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// process is one as proc(5) has it.
type process struct {
	pid   int
	above int // its parent
	args  []string
	state byte   // 'Z' for a zombie
	start string // ticks from the machine's boot; with the number, one process for ever
	exe   string // name of the program's file: an agent is called by many names
}

// read is false when the process has ended meanwhile.
func read(pid int) (p process, there bool) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return p, false
	}
	// The name is in brackets and may have any in it.
	name, rest, _ := cutLast(string(stat), ") ")
	f := strings.Fields(rest)
	if len(f) < 20 {
		return p, false
	}
	p = process{pid: pid, state: f[0][0], start: f[19]}
	if p.above, err = strconv.Atoi(f[1]); err != nil {
		return p, false
	}
	cmdline, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return p, false
	}
	if exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid)); err == nil { // a zombie has none
		p.exe = filepath.Base(exe)
	}
	p.args = strings.Split(strings.TrimSuffix(string(cmdline), "\x00"), "\x00")
	if p.args[0] == "" { // a zombie has none
		_, comm, _ := strings.Cut(name, "(")
		p.args[0] = comm
	}
	return p, true
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// name is the program's, without its directory.
func (p process) name() string {
	switch {
	case ours(p.exe):
		return p.exe
	case len(p.args) == 0: // none at all
		return ""
	}
	return strings.TrimSuffix(filepath.Base(p.args[0]), ":")
}

// ours reports whether a program is the project's: of the commands and the guard, of the
// resource agents and the alert agent, of the fence agents.
func ours(program string) bool {
	return program == "oneha" || program == "ocf-opennebula" || program == "fence-bmc"
}

// life is another one for every process.
func (p process) life() string { return fmt.Sprintf("%d@%s", p.pid, p.start) }

// weigh adds what a process holds. One that ends meanwhile adds what was read before.
func (r *record) weigh(where, what string, p process) {
	add := func(measure string, value float64) { r.add(Key{where, what, measure}, p.life(), value) }
	dir := fmt.Sprintf("/proc/%d/", p.pid)
	rollup, err := os.ReadFile(dir + "smaps_rollup")
	if err != nil {
		return
	}
	for line := range strings.Lines(string(rollup)) {
		name, value, _ := strings.Cut(line, ":")
		measure := map[string]string{"Rss": resident, "Pss": share, "Anonymous": anonymous}[name]
		kb, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(value), " kB"))
		if measure != "" && err == nil {
			add(measure, float64(kb))
		}
	}
	for sub, measure := range map[string]string{"fd": descriptors, "task": threads} {
		if entries, err := os.ReadDir(dir + sub); err == nil {
			add(measure, float64(len(entries)))
		}
	}
}
