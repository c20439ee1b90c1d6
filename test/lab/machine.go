package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Machine is a container with systemd as PID 1 and a disk of its own that lasts
// until the lab is closed.
type Machine struct {
	Name   string // host name
	lab    *Lab
	dir    string // console log, disk layers
	root   string // the mounted disk
	cgroup cgroup
	net    namespace // "" for loopback only
	binds  []Bind
}

// newMachine makes a machine with a disk that seed may write to before it is
// mounted, and that starts units when it boots.
func (l *Lab) newMachine(name string, net namespace, units []string, seed func(upper string) error) (*Machine, error) {
	m := &Machine{Name: name, lab: l, dir: filepath.Join(l.state, "machine", name), cgroup: l.cgroup.sub(name), net: net}
	upper := filepath.Join(m.dir, "upper")
	if isDir(m.dir) {
		return nil, fmt.Errorf("make machine %s: the lab has one of that name", name)
	}
	if err := seedDisk(upper, name, units); err != nil {
		return nil, fmt.Errorf("make machine %s: %w", name, err)
	}
	if err := seed(upper); err != nil {
		return nil, fmt.Errorf("make machine %s: %w", name, err)
	}
	root, err := mountOverlay(m.dir, l.layers)
	if err != nil {
		return nil, fmt.Errorf("make machine %s: %w", name, err)
	}
	m.root = root
	return m, nil
}

// Boot starts a bare machine: systemd and D-Bus, a network with only loopback,
// no cluster. It returns when systemd has finished booting. The machine runs
// until its Close or the lab's.
func (l *Lab) Boot(ctx context.Context, name string) (*Machine, error) {
	m, err := l.newMachine(name, "", []string{"dbus.service"}, func(string) error { return nil })
	if err != nil {
		return nil, err
	}
	if _, err := m.start(); err != nil {
		return nil, errors.Join(err, m.Close())
	}
	if err := m.waitBooted(ctx); err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return m, nil
}

// Close kills the machine and removes its disk.
func (m *Machine) Close() error {
	return errors.Join(m.cgroup.kill(), removeTree(m.dir))
}

// start starts the container and returns a channel that gives its exit code, -1
// when it was killed, once it has ended.
func (m *Machine) start() (<-chan int, error) {
	console, err := os.OpenFile(filepath.Join(m.dir, "console.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("start machine %s: %w", m.Name, err)
	}
	defer console.Close()
	cmd, err := container{
		name: namespacePrefix(m.lab.opt.Prefix) + m.Name, hostname: m.Name, root: m.root, cgroup: m.cgroup, net: m.net, binds: m.binds,
	}.start(context.Background(), Streams{Stdout: console, Stderr: console})
	if err != nil {
		return nil, fmt.Errorf("start machine %s: %w", m.Name, err)
	}
	ended := make(chan int, 1)
	go func() {
		_ = cmd.Wait()
		ended <- cmd.ProcessState.ExitCode()
	}()
	return ended, nil
}

// waitBooted waits until systemd has no start-up work left.
func (m *Machine) waitBooted(ctx context.Context) error {
	for {
		// Before its bus answers, systemctl fails; "degraded" is a unit's failure, not the boot's.
		r, err := m.Exec(ctx, "systemctl", "is-system-running", "--wait")
		switch state := strings.TrimSpace(r.Stdout); {
		case state == "running", state == "degraded":
			return nil
		case ctx.Err() != nil:
			return fmt.Errorf("boot machine %s: %w (state %q)\n%s", m.Name, err, state, m.console())
		}
		_ = pause(ctx, 20*time.Millisecond)
	}
}

// console is the end of what the machine printed.
func (m *Machine) console() string {
	text, _ := os.ReadFile(filepath.Join(m.dir, "console.log"))
	return string(text[max(0, len(text)-2000):])
}

// Exec runs a command in the running machine, among its processes: it is frozen
// and killed with it. A command that exits with another code than 0 gives an
// *ExitError; the Result is filled in all the same.
func (m *Machine) Exec(ctx context.Context, args ...string) (Result, error) {
	return m.Command(ctx, Command{Args: args})
}

// Command is Exec with an environment and streams.
func (m *Machine) Command(ctx context.Context, c Command) (Result, error) {
	r, err := enter(ctx, m.cgroup, c)
	if err != nil {
		return r, fmt.Errorf("machine %s: %w", m.Name, err)
	}
	return r, nil
}

// enter runs a command in the container that runs in group.
func enter(ctx context.Context, group cgroup, c Command) (Result, error) {
	if len(c.Args) == 0 {
		return Result{}, errors.New("run command: no command given")
	}
	pid := group.init()
	if pid == 0 {
		return Result{}, errors.New("not running")
	}
	nsenter, err := exec.LookPath("nsenter")
	if err != nil {
		return Result{}, fmt.Errorf("nsenter is missing: apt-get install util-linux")
	}
	leaf, err := group.sub("exec").temporary()
	if err != nil {
		return Result{}, err
	}
	defer func() {
		if ctx.Err() != nil {
			_ = leaf.kill() // whatever was only just being started
		}
		_ = os.Remove(string(leaf)) // fails while a daemon that the command left lives in it
	}()
	dir, err := leaf.create()
	if err != nil {
		return Result{}, err
	}
	defer dir.Close()
	args := []string{"--target", fmt.Sprint(pid), "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--root", "--wd", "--"}
	cmd := exec.CommandContext(ctx, nsenter, append(args, c.Args...)...)
	cmd.Env = append(append([]string{}, basicEnv...), c.Env...)
	streams, captured := c.capture()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = streams.Stdin, streams.Stdout, streams.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, UseCgroupFD: true, CgroupFD: int(dir.Fd())}
	// nsenter is the parent of what runs inside. It is spared for a second, to reap its child.
	cmd.Cancel = func() error { return leaf.killAllBut(cmd.Process.Pid) }
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		return Result{}, fmt.Errorf("run %s: %w", c.Args[0], err)
	}
	return finish(ctx, cmd, c.Args, captured)
}

// Copy copies a file of the host to path in the machine, with its mode. A link
// on the way that leads out of the machine's disk is an error.
func (m *Machine) Copy(file, path string) error {
	in, err := os.Open(file)
	if err != nil {
		return fmt.Errorf("copy to machine %s: %w", m.Name, err)
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return fmt.Errorf("copy to machine %s: %w", m.Name, err)
	}
	disk, err := os.OpenRoot(m.root)
	if err != nil {
		return fmt.Errorf("copy to machine %s: %w", m.Name, err)
	}
	defer disk.Close()
	path = strings.TrimPrefix(filepath.Clean(path), "/")
	if err := disk.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("copy to machine %s: %w", m.Name, err)
	}
	out, err := disk.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, info.Mode().Perm())
	if err != nil {
		return fmt.Errorf("copy to machine %s: %w", m.Name, err)
	}
	_, err = io.Copy(out, in)
	if err = errors.Join(err, out.Close()); err != nil {
		return fmt.Errorf("copy to machine %s: %w", m.Name, err)
	}
	return nil
}
