package lab

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// cgroup is a directory of the cgroup version 2 hierarchy. Every process of a
// lab is in one, so that nothing can escape being frozen or killed.
type cgroup string

// cgroupRoot finds the version 2 hierarchy: /sys/fs/cgroup itself, or
// /sys/fs/cgroup/unified beside version 1.
func cgroupRoot() (cgroup, error) {
	for _, dir := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"} {
		var fs unix.Statfs_t
		if err := unix.Statfs(dir, &fs); err == nil && fs.Type == unix.CGROUP2_SUPER_MAGIC {
			return cgroup(dir), nil
		}
	}
	return "", errors.New("find cgroup version 2: not mounted at /sys/fs/cgroup nor at /sys/fs/cgroup/unified; mount -t cgroup2 none /sys/fs/cgroup/unified")
}

func (c cgroup) sub(name string) cgroup { return cgroup(filepath.Join(string(c), name)) }

// create makes the group and returns it open, for exec.Cmd's CgroupFD: the
// process is then in the group from its first instruction.
func (c cgroup) create() (*os.File, error) {
	if err := os.MkdirAll(string(c), 0o755); err != nil {
		return nil, fmt.Errorf("make control group: %w", err)
	}
	f, err := os.Open(string(c))
	if err != nil {
		return nil, fmt.Errorf("open control group: %w", err)
	}
	return f, nil
}

// temporary makes a group with a name of its own below c.
func (c cgroup) temporary() (cgroup, error) {
	if err := os.MkdirAll(string(c), 0o755); err != nil {
		return "", fmt.Errorf("make control group: %w", err)
	}
	dir, err := os.MkdirTemp(string(c), "")
	if err != nil {
		return "", fmt.Errorf("make control group: %w", err)
	}
	return cgroup(dir), nil
}

// killAllBut kills the processes in the group except one, until none is left.
func (c cgroup) killAllBut(spared int) error {
	for deadline := time.Now().Add(time.Second); ; time.Sleep(5 * time.Millisecond) {
		pids := slices.DeleteFunc(c.processes(), func(pid int) bool { return pid == spared })
		if len(pids) == 0 {
			return nil
		}
		for _, pid := range pids {
			if err := unix.Kill(pid, unix.SIGKILL); err != nil && err != unix.ESRCH {
				return fmt.Errorf("kill process %d: %w", pid, err)
			}
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("kill processes %v: alive after 1 s", pids)
		}
	}
}

// populated reports whether any process lives in the group or below.
func (c cgroup) populated() bool {
	events, err := os.ReadFile(filepath.Join(string(c), "cgroup.events"))
	return err == nil && strings.Contains(string(events), "populated 1")
}

// freeze stops (or thaws) every process in the group and below, and waits until
// they stand still.
func (c cgroup) freeze(frozen bool) error {
	value := map[bool]string{true: "1", false: "0"}[frozen]
	if err := os.WriteFile(filepath.Join(string(c), "cgroup.freeze"), []byte(value), 0); err != nil {
		return fmt.Errorf("freeze control group: %w", err)
	}
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		events, err := os.ReadFile(filepath.Join(string(c), "cgroup.events"))
		if err != nil {
			return fmt.Errorf("freeze control group: %w", err)
		}
		if strings.Contains(string(events), "frozen "+value) {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("freeze control group: %s not frozen=%s after 5 s", c, value)
		}
	}
}

// kill kills every process in the group and below at once, frozen ones too,
// waits until they are gone and removes the group. A group that does not exist
// is killed already.
func (c cgroup) kill() error {
	if !isDir(string(c)) {
		return nil
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if c.populated() {
			// Again each time: a process forked into the group by somebody outside may come after the first.
			if err := os.WriteFile(filepath.Join(string(c), "cgroup.kill"), []byte("1"), 0); err != nil {
				return fmt.Errorf("kill control group (needs Linux 5.14): %w", err)
			}
		} else if err := c.remove(); err == nil || !errors.Is(err, unix.EBUSY) {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("kill control group: processes %v of %s still live after 10 s", c.processes(), c)
		}
	}
}

// remove removes the group and those below, which hold no processes.
func (c cgroup) remove() error {
	groups := c.tree()
	slices.Reverse(groups)
	for _, g := range groups {
		if err := os.Remove(string(g)); err != nil && !os.IsNotExist(err) {
			return fmt.Errorf("remove control group: %w", err)
		}
	}
	return nil
}

// tree is the group and all below, parents first.
func (c cgroup) tree() []cgroup {
	var groups []cgroup
	_ = filepath.WalkDir(string(c), func(path string, d os.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			groups = append(groups, cgroup(path))
		}
		return nil // a group may vanish while we look
	})
	return groups
}

// processes lists the process IDs in the group and below.
func (c cgroup) processes() []int {
	var pids []int
	for _, g := range c.tree() {
		data, _ := os.ReadFile(filepath.Join(string(g), "cgroup.procs"))
		for _, word := range strings.Fields(string(data)) {
			if pid, err := strconv.Atoi(word); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	slices.Sort(pids)
	return pids
}

// init returns the host's process ID of the systemd that is the container's
// PID 1, 0 when there is none.
func (c cgroup) init() int {
	for _, pid := range c.processes() {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		// Before it becomes systemd it is nspawn, still in the host's file system.
		if err == nil && innerPID(string(status)) == 1 && strings.HasPrefix(string(status), "Name:\tsystemd\n") {
			return pid
		}
	}
	return 0
}

// innerPID reads from the text of /proc/PID/status the process ID in the
// innermost PID namespace, 0 when the line is missing.
func innerPID(status string) int {
	for line := range strings.Lines(status) {
		if rest, ok := strings.CutPrefix(line, "NSpid:"); ok {
			if f := strings.Fields(rest); len(f) > 1 {
				pid, _ := strconv.Atoi(f[len(f)-1])
				return pid
			}
		}
	}
	return 0
}
