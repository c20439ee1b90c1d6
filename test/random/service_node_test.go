package random

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/oneha/oneha/test/fakeoned"
)

// subject is a service under test.
type subject struct {
	agent      string
	unit       string
	url        string   // where it answers
	companions []string // units that the unit pulls in, and that have to end with it
}

var (
	onedSubject = subject{
		agent: "oned", unit: "opennebula.service", url: "http://127.0.0.1:2633/RPC2",
		companions: []string{"opennebula-hem.service", "opennebula-scheduler.service", "opennebula-ssh-agent.service", "opennebula-showback.timer"},
	}
	flowSubject = subject{agent: "flow", unit: "opennebula-flow.service", url: "http://127.0.0.1:2474/service"}
)

// lone reports whether two processes of the service would be a disaster: those of
// oned write to one database, and hold a lock.
func (s subject) lone() bool { return s.agent == "oned" }

// unitNode is the state of a machine with systemd: everything of it that a service
// agent might change.
type unitNode struct {
	Load, Active string   // of the unit, in systemd's words
	Restart      string   // what systemd does when the service fails
	DropIn       []string // files in the unit's runtime drop-in directory
	Read         bool     // systemd has read a drop-in from there
	Inside       int      // processes of the unit
	Outside      int      // oned's that are not the unit's
	Companions   []string // that are up
	Frozen       bool     // the unit's main process is stopped
	Answers      bool
	Lock         bool // oned's lock file
}

func (n unitNode) up() bool { return n.Active == "active" }

const lockPath = fakeoned.LockFile

// properties asks systemd for properties of units, one map for each.
func properties(names []string, units ...string) (list []map[string]string, err error) {
	out, err := exec.Command("systemctl", append([]string{"show", "--property=" + strings.Join(names, ",")}, units...)...).Output()
	if err != nil {
		return nil, fmt.Errorf("systemctl show: %w", err)
	}
	for _, block := range strings.Split(strings.TrimRight(string(out), "\n"), "\n\n") {
		p := map[string]string{}
		for line := range strings.Lines(block) {
			name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
			p[name] = value
		}
		list = append(list, p)
	}
	if len(list) != len(units) {
		return nil, fmt.Errorf("systemctl show described %d units instead of %d", len(list), len(units))
	}
	return list, nil
}

// dropInDir is where a runtime drop-in of the unit is.
func (s subject) dropInDir() string { return "/run/systemd/system/" + s.unit + ".d" }

// look takes the state of the machine now; pending says what is on its way, "" for
// nothing.
func (s subject) look() (n unitNode, pending string, err error) {
	units := append([]string{s.unit}, s.companions...)
	all, err := properties([]string{"LoadState", "ActiveState", "SubState", "Restart", "DropInPaths", "MainPID", "Job"}, units...)
	if err != nil {
		return n, "", err
	}
	for i, p := range all {
		if job := p["Job"]; job != "" && job != "0" || strings.HasSuffix(p["ActiveState"], "ing") { // activating, deactivating, reloading
			pending = fmt.Sprintf("%s is %s (%s), job %s", units[i], p["ActiveState"], p["SubState"], job)
		}
		if i > 0 && p["ActiveState"] == "active" {
			n.Companions = append(n.Companions, units[i])
		}
	}
	u := all[0]
	n.Load, n.Active, n.Restart = u["LoadState"], u["ActiveState"], u["Restart"]
	n.Read = strings.Contains(u["DropInPaths"], s.dropInDir())
	n.DropIn, _ = filepath.Glob(s.dropInDir() + "/*")
	drafts, _ := filepath.Glob(s.dropInDir() + "/.*")
	n.DropIn = append(n.DropIn, drafts...)
	for _, p := range processTable() {
		switch {
		case p.unit == s.unit:
			n.Inside++
			n.Frozen = n.Frozen || strconv.Itoa(p.pid) == u["MainPID"] && p.state == "T"
		case s.lone() && p.isOned():
			n.Outside++
		}
	}
	_, missing := os.Lstat(lockPath)
	n.Lock = s.lone() && missing == nil
	n.Answers = n.up() && !n.Frozen && answers(s.url)
	return n, pending, nil
}

// settle waits until nothing is on its way on the machine.
func (s subject) settle(ctx context.Context) (unitNode, error) {
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		n, pending, err := s.look()
		switch {
		case err != nil:
			return n, err
		case pending == "" && (n.up() && (n.Answers || n.Frozen) || !n.up() && n.Inside == 0):
			return n, nil
		case time.Now().After(end), ctx.Err() != nil:
			return n, fmt.Errorf("the machine does not settle: %s; %+v", pending, n)
		}
	}
}

// signal sends a signal to the processes of the unit, and waits until it has stopped
// or continued them.
func (s subject) signal(sig syscall.Signal) error {
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		pending := 0
		for _, p := range processTable() {
			if p.unit != s.unit || (p.state == "T") == (sig == syscall.SIGSTOP) {
				continue
			}
			pending++
			if err := syscall.Kill(p.pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
				return err
			}
		}
		if pending == 0 {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("%d processes of %s do not heed %s", pending, s.unit, sig)
		}
	}
}

// process is a process of the machine.
type process struct {
	pid         int
	name, state string
	program     string
	unit        string // "" for none
}

// isOned reports whether the process is an oned, whoever started it. The agent has
// that name too.
func (p process) isOned() bool {
	return p.name == "oned" && p.state != "Z" && strings.HasPrefix(p.program, fakeoned.Dir)
}

// processTable returns the processes of the machine.
func processTable() (list []process) {
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		stat, err := os.ReadFile(dir + "/stat")
		if err != nil {
			continue
		}
		before, after, _ := strings.Cut(string(stat), ") ")
		_, name, _ := strings.Cut(before, "(")
		p := process{name: name}
		p.pid, _ = strconv.Atoi(filepath.Base(dir))
		p.state, _, _ = strings.Cut(after, " ")
		p.program, _ = os.Readlink(dir + "/exe")
		group, _ := os.ReadFile(dir + "/cgroup")
		for line := range strings.Lines(string(group)) {
			if base := filepath.Base(strings.TrimSpace(line)); strings.HasSuffix(base, ".service") {
				p.unit = base
			}
		}
		if p.state != "Z" {
			list = append(list, p)
		}
	}
	return list
}

// answers reports whether a service answers over HTTP; what does not matter.
func answers(url string) bool {
	client := http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Post(url, "text/xml", strings.NewReader("<methodCall><methodName>system.listMethods</methodName><params/></methodCall>"))
	if err != nil {
		return false
	}
	_ = answer.Body.Close()
	return true
}

// onlyOne watches until ctx ends that there are never two oned processes, and
// returns an error if there were.
func onlyOne(ctx context.Context) error {
	for {
		var found []int
		for _, p := range processTable() {
			if p.isOned() {
				found = append(found, p.pid)
			}
		}
		if len(found) > 1 {
			return fmt.Errorf("two oned processes at once: %v", found)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// reset makes the machine as it is before a sequence: nothing of the service runs,
// nothing is masked, nothing is left.
func (s subject) reset() error {
	for _, p := range processTable() {
		if p.isOned() || p.unit == s.unit {
			_ = exec.Command("kill", "-KILL", strconv.Itoa(p.pid)).Run()
		}
	}
	if err := os.RemoveAll(s.dropInDir()); err != nil {
		return err
	}
	steps := [][]string{append([]string{"systemctl", "stop", s.unit}, s.companions...), {"systemctl", "reset-failed"}}
	n, _, err := s.look()
	if err != nil {
		return err
	}
	if n.Load != "loaded" || n.Read { // a reload of systemd takes longer than all else
		steps = append(steps, []string{"systemctl", "unmask", "--quiet", s.unit}, []string{"systemctl", "daemon-reload"})
	}
	for _, step := range steps {
		if out, err := exec.Command(step[0], step[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", strings.Join(step, " "), err, out)
		}
	}
	if err := os.Remove(lockPath); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// withoutOrder sorts what has no order, for comparing.
func (n unitNode) withoutOrder() unitNode {
	n.Companions, n.DropIn = slices.Sorted(slices.Values(n.Companions)), slices.Sorted(slices.Values(n.DropIn))
	return n
}
