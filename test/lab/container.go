package lab

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// Bind makes a file or directory of the host visible in a machine.
type Bind struct {
	Host, Inside string
	ReadOnly     bool
}

// container is one call of systemd-nspawn, which gives a root file system
// private process, mount, IPC and host name namespaces and a private /dev, /run
// and /tmp. It works without systemd on the host.
type container struct {
	name     string // unique on the host
	hostname string
	root     string
	cgroup   cgroup    // of its own: nspawn makes groups below it
	net      namespace // "" for a private network with only loopback
	readOnly bool      // the root; may then be shared by containers
	binds    []Bind
	env      []string
	args     []string // "" boots the container's init, else a command
}

// start runs the container with the standard streams of io. Cancelling ctx kills
// all of it. The caller waits for the command and then removes the control group.
func (c container) start(ctx context.Context, io Streams) (*exec.Cmd, error) {
	nspawn, err := exec.LookPath("systemd-nspawn")
	if err != nil {
		return nil, fmt.Errorf("systemd-nspawn is missing: apt-get install systemd-container")
	}
	args := []string{"--quiet", "--register=no", "--keep-unit", "--machine=" + c.name, "--hostname=" + c.hostname,
		"--directory=" + c.root, "--capability=all", "--resolv-conf=off", "--timezone=off", "--link-journal=no",
		"--kill-signal=SIGKILL"}
	if c.net == "" {
		args = append(args, "--private-network")
	} else {
		args = append(args, "--network-namespace-path="+c.net.path())
	}
	if c.readOnly {
		args = append(args, "--read-only")
	}
	for _, b := range c.binds {
		option := "--bind="
		if b.ReadOnly {
			option = "--bind-ro="
		}
		args = append(args, option+escapeBind(b.Host)+":"+escapeBind(b.Inside))
	}
	for _, e := range c.env {
		args = append(args, "--setenv="+e)
	}
	if isTerminal(io.Stdin) {
		args = append(args, "--console=interactive")
	} else {
		args = append(args, "--console=pipe")
	}
	if len(c.args) == 0 {
		args = append(args, "--boot")
	} else {
		args = append(append(args, "--as-pid2", "--"), c.args...)
	}
	group, err := c.cgroup.create()
	if err != nil {
		return nil, err
	}
	defer group.Close()
	cmd := exec.CommandContext(ctx, nspawn, args...)
	cmd.Env = append(os.Environ(), "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = io.Stdin, io.Stdout, io.Stderr
	// Should this process be killed, the kernel tells nspawn, which kills its PID 1. (Killed
	// itself, it would leave that alive.)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM, UseCgroupFD: true, CgroupFD: int(group.Fd())}
	cmd.Cancel = c.cgroup.kill
	cmd.WaitDelay = 2 * time.Second
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start systemd-nspawn: %w", err)
	}
	return cmd, nil
}

// escapeBind protects the separators of nspawn's --bind.
func escapeBind(path string) string {
	return strings.NewReplacer(`\`, `\\`, `:`, `\:`).Replace(path)
}
