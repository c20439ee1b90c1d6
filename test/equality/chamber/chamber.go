// Package chamber runs the real cluster software on files, without a cluster.
//
// A chamber is a root file system that is only read, under an overlay, in mount,
// network, process, host name and IPC namespaces of its own. It lives as long as
// its first process, which sleeps: commands are run in it one after the other or at
// once, each with a directory of its own, and cost no more than themselves. Nothing
// is left when it is closed, or when the process that opened it dies.
package chamber

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Chamber is an open chamber. Its methods may be called concurrently.
type Chamber struct {
	init  *exec.Cmd
	alive io.WriteCloser // held open: the first process ends with it
	dir   string         // of the host, seen as /chamber
	ended chan error
	once  sync.Once
}

// enter, run as the first process of the namespaces with the root file system, the
// directory to share and that of our programs ("" for none) as $1 to $3, lays the
// overlay and goes into it. It ends when its standard input does.
const enter = `
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs "$2/.top"
cd "$2/.top"
mkdir upper work root
mount -t overlay overlay -o "lowerdir=$1,upperdir=upper,workdir=work" root
cd root
mount -t proc proc proc
mount --rbind /dev dev
mount -t tmpfs tmpfs dev/shm
mount -t tmpfs tmpfs run
mkdir -p chamber usr/lib/oneha usr/lib/ocf/resource.d/opennebula
mount --bind "$2" chamber
if [ -n "$3" ]; then
	cp "$3/ocf-opennebula" "$3/fence-bmc" usr/lib/oneha/
	for agent in $(usr/lib/oneha/ocf-opennebula --list); do
		ln -sf /usr/lib/oneha/ocf-opennebula usr/lib/ocf/resource.d/opennebula/$agent
	done
	for agent in $(usr/lib/oneha/fence-bmc --list); do
		ln -sf /usr/lib/oneha/fence-bmc usr/sbin/$agent
	done
fi
head -c 256 /dev/urandom >etc/corosync/authkey
exec chroot . sh -c '
	export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/tmp
	python3 /chamber/pcs-server /chamber/pcs-socket >/chamber/pcs-log 2>&1 &
	while ! [ -S /chamber/pcs-socket ]; do
		kill -0 $! || { cat /chamber/pcs-log; exit 1; }
		sleep 0.1
	done
	echo open
	cat >/dev/null'
`

var (
	//go:embed pcs-server.py
	pcsServer []byte
	//go:embed pcs-client.py
	pcsClient []byte
)

// PCS is the pcs command for a script in a chamber: the release's own pcs, started
// once and then forked for each call, which spares the second that Python takes to
// load it.
const PCS = "python3 -I -S /chamber/pcs-client"

// Open makes a chamber from a root file system, with our programs from the directory
// programs (ocf-opennebula, fence-bmc), or without them when it is "". It needs root.
func Open(ctx context.Context, root, programs string) (*Chamber, error) {
	for _, tool := range []string{"usr/sbin/crm_verify", "usr/sbin/pcs", "usr/sbin/crm", "usr/sbin/corosync"} {
		if _, err := os.Lstat(filepath.Join(root, tool)); err != nil {
			return nil, fmt.Errorf("open chamber: the root file system %s lacks /%s", root, tool)
		}
	}
	dir, err := os.MkdirTemp("", "oneha-chamber-")
	if err != nil {
		return nil, fmt.Errorf("open chamber: %w", err)
	}
	c := &Chamber{dir: dir, ended: make(chan error, 1)}
	if err := c.start(ctx, root, programs); err != nil {
		return nil, errors.Join(fmt.Errorf("open chamber: %w", err), c.Close())
	}
	return c, nil
}

func (c *Chamber) start(ctx context.Context, root, programs string) error {
	if err := os.Mkdir(filepath.Join(c.dir, ".top"), 0o755); err != nil {
		return err
	}
	for name, data := range map[string][]byte{"pcs-server": pcsServer, "pcs-client": pcsClient} {
		if err := os.WriteFile(filepath.Join(c.dir, name), data, 0o644); err != nil {
			return err
		}
	}
	in, alive, err := os.Pipe()
	if err != nil {
		return err
	}
	out, said, err := os.Pipe()
	if err != nil {
		return errors.Join(err, in.Close(), alive.Close())
	}
	defer out.Close()
	c.alive = alive
	var trouble bytes.Buffer
	cmd := exec.Command("sh", "-c", enter, "enter", root, c.dir, programs)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, said, &trouble
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWNET | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC,
	}
	cmd.WaitDelay = 2 * time.Second
	err = cmd.Start()
	in.Close()
	said.Close()
	if err != nil {
		return err
	}
	c.init = cmd
	go func() { c.ended <- cmd.Wait() }()

	opened := make(chan string, 1)
	go func() {
		line := make([]byte, 4096)
		n, _ := io.ReadAtLeast(out, line, len("open\n"))
		opened <- string(line[:n])
	}()
	select {
	case line := <-opened:
		if line != "open\n" {
			err := <-c.ended
			c.ended <- err
			return fmt.Errorf("%v: %s%s", err, line, strings.TrimSpace(trouble.String()))
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Minute):
		return errors.New("it was not ready within a minute")
	}
}

// Close ends everything that runs in the chamber and removes its files.
func (c *Chamber) Close() (err error) {
	c.once.Do(func() {
		if c.alive != nil {
			err = c.alive.Close()
		}
		if c.init != nil {
			_ = c.init.Process.Kill() // the namespaces, and all processes and mounts in them, end with it
			<-c.ended
		}
		err = errors.Join(err, os.RemoveAll(c.dir))
	})
	return err
}

// Room is a directory of a chamber, in which commands run.
type Room struct {
	c    *Chamber
	name string
}

// Room makes a directory. Rooms do not see each other unless they look.
func (c *Chamber) Room() (Room, error) {
	dir, err := os.MkdirTemp(c.dir, "room-")
	if err != nil {
		return Room{}, fmt.Errorf("make room: %w", err)
	}
	return Room{c, filepath.Base(dir)}, nil
}

// Path is the room's directory for commands in the chamber.
func (r Room) Path() string { return "/chamber/" + r.name }

// Put writes a file.
func (r Room) Put(name string, data []byte) error {
	if err := os.WriteFile(filepath.Join(r.c.dir, r.name, name), data, 0o644); err != nil {
		return fmt.Errorf("put %s: %w", name, err)
	}
	return nil
}

// Get reads a file.
func (r Room) Get(name string) ([]byte, error) {
	b, err := os.ReadFile(filepath.Join(r.c.dir, r.name, name))
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", name, err)
	}
	return b, nil
}

// Run runs a shell script in the room and returns what it printed, which holds each
// command too. The script stops at the first command that fails; the error then
// carries the output. What the script leaves running is not ended.
func (r Room) Run(ctx context.Context, script string) (string, error) {
	const head = "PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=%s\nexport PATH LC_ALL HOME\nset -x\n"
	if err := r.Put("run", fmt.Appendf(nil, head+"%s", r.Path(), script)); err != nil {
		return "", err
	}
	// The thread that starts a child with Pdeathsig has to live as long as it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := exec.CommandContext(ctx, "nsenter", "--target", strconv.Itoa(r.c.init.Process.Pid),
		"--mount", "--net", "--pid", "--uts", "--ipc", "--root", "--wd="+filepath.Join("/proc", strconv.Itoa(r.c.init.Process.Pid), "root", r.Path()),
		"--", "sh", "-eu", "run")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.WaitDelay = 2 * time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return string(out), fmt.Errorf("run in chamber: %w\n%s", err, out)
	}
	return string(out), nil
}

// Remove removes the room and what is in it.
func (r Room) Remove() error { return os.RemoveAll(filepath.Join(r.c.dir, r.name)) }
