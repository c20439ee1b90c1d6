package chaos

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/oneha/oneha/test/lab"
)

// running is one of a node's processes, as the host sees it.
type running struct {
	pid, parent int
	program     string        // base name of the file that runs; what the process calls itself when it is dead
	dead        bool          // it has ended, and its parent has not waited for it
	age         time.Duration // since it was started
}

// processes are those of a node that are there all the while they are looked at. A control
// group does not list the dead: they are found by their parents.
func processes(n *lab.Node) []running { return processesAmong(n.Processes()) }

// processesAmong are those with the numbers, and their dead children.
func processesAmong(living []int) (all []running) {
	uptime, err := os.ReadFile("/proc/uptime")
	if err != nil {
		return nil // there is no /proc, and so no process either
	}
	everything, _ := filepath.Glob("/proc/[0-9]*/stat") // fails for bad patterns only
	for _, file := range everything {
		stat, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		p, ok := parseStat(string(stat), string(uptime))
		if !ok || !slices.Contains(living, p.pid) && !(p.dead && slices.Contains(living, p.parent)) {
			continue
		}
		if exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", p.pid)); err == nil {
			p.program = strings.TrimSuffix(filepath.Base(exe), " (deleted)")
		} else if !p.dead {
			continue // it has just ended
		}
		all = append(all, p)
	}
	return all
}

// clock is in how many parts /proc tells a second (USER_HZ, the same on every Linux).
const clock = 100

// parseStat reads the texts of /proc/PID/stat and /proc/uptime (proc(5)).
func parseStat(stat, uptime string) (p running, ok bool) {
	open, end := strings.Index(stat, "("), strings.LastIndex(stat, ")") // a name may have both in it
	if open < 0 || end < open {
		return p, false
	}
	p.program = stat[open+1 : end]
	f := strings.Fields(stat[end+1:]) // from the third on
	up := strings.Fields(uptime)
	if len(f) < 20 || len(up) == 0 {
		return p, false
	}
	start, err := strconv.ParseInt(f[19], 10, 64)
	if err != nil {
		return p, false
	}
	now, err := strconv.ParseFloat(up[0], 64)
	if err != nil {
		return p, false
	}
	if p.pid, err = strconv.Atoi(strings.TrimSpace(stat[:open])); err != nil {
		return p, false
	}
	if p.parent, err = strconv.Atoi(f[1]); err != nil {
		return p, false
	}
	p.dead = f[0] == "Z"
	p.age = time.Duration((now - float64(start)/clock) * float64(time.Second))
	return p, true
}

// descriptors is how many files the process has open, 0 when it has ended.
func (p running) descriptors() int {
	open, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.pid))
	return len(open)
}
