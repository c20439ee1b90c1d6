package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Options say where a lab finds and puts things. The zero value is a lab called
// "lab" on Debian 12 without the project's own programs.
type Options struct {
	Prefix      string               // names its namespaces, control groups and state; two labs at once need two. Default "lab"
	Release     string               // Debian release of the root file system. Default "bookworm"
	CacheDir    string               // root file systems are kept below. Default /var/cache/oneha
	Source      string               // checkout whose programs are installed in every machine; "" for none
	Packages    string               // directory with Debian packages of Source's programs, installed instead of what it builds; "" for none
	Image       *Image               // what the machines are made of; nil for nodes of a Pacemaker cluster
	Diagnostics string               // directory for the logs of a cluster that Collect is asked for; "" for none
	Firmware    time.Duration        // from power to PID 1, when it was not a person who switched a node on. Default 3 s
	EmptyCIB    bool                 // a cluster starts without a configuration, as Pacemaker's packages leave it
	Log         func(string, ...any) // progress, one line per call; nil for none
}

func (o Options) withDefaults() Options {
	if o.Prefix == "" {
		o.Prefix = "lab"
	}
	if o.Release == "" {
		o.Release = "bookworm"
	}
	if o.CacheDir == "" {
		o.CacheDir = "/var/cache/oneha"
	}
	if o.Firmware == 0 {
		o.Firmware = firmwareTime
	}
	if o.Log == nil {
		o.Log = func(string, ...any) {}
	}
	return o
}

// Lab is the place where machines run. Its methods may be called concurrently.
type Lab struct {
	opt    Options
	lock   *os.File
	state  string   // directory on a tmpfs
	cgroup cgroup   // holds every process of the lab
	layers []string // what every machine's disk overlays, the topmost first
	runs   atomic.Int64

	mu      sync.Mutex
	closed  bool
	cluster *Cluster // nil for none
}

// Open prepares a lab: the root file system, the programs of opt.Source and an
// empty state. It removes what a killed process left of a lab with the same
// prefix, and fails when a living one uses it. The caller must Close it.
func Open(ctx context.Context, opt Options) (*Lab, error) {
	opt = opt.withDefaults()
	if err := check(opt); err != nil {
		return nil, err
	}
	lock, err := tryLock(lockPath(opt.Prefix))
	if errors.Is(err, errBusy) {
		return nil, fmt.Errorf("open lab %s: %w: choose another prefix or end it with lab -prefix %s down", opt.Prefix, errBusy, opt.Prefix)
	}
	if err != nil {
		return nil, fmt.Errorf("open lab %s: %w", opt.Prefix, err)
	}
	l := &Lab{opt: opt, lock: lock, state: statePath(opt.Prefix)}
	if err := l.prepare(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open lab %s: %w", opt.Prefix, err), l.Close())
	}
	return l, nil
}

func (l *Lab) prepare(ctx context.Context) error {
	if err := sweep(l.opt.Prefix); err != nil {
		return fmt.Errorf("remove stale lab: %w", err)
	}
	root, err := Rootfs(ctx, l.opt)
	if err != nil {
		return err
	}
	base, err := cgroupRoot()
	if err != nil {
		return err
	}
	l.cgroup = base.sub(cgroupName(l.opt.Prefix))
	if err := maskSysRq(); err != nil {
		return err
	}
	if err := os.MkdirAll(l.state, 0o755); err != nil {
		return fmt.Errorf("make state: %w", err)
	}
	if err := unix.Mount("oneha-lab", l.state, "tmpfs", unix.MS_NODEV, "mode=755"); err != nil {
		return fmt.Errorf("mount state: %w", err)
	}
	l.layers = []string{root}
	layer := filepath.Join(l.state, "install")
	switch {
	case l.opt.Image != nil && l.opt.Image.Install != nil:
		err = l.opt.Image.Install(ctx, root, layer)
	case l.opt.Source != "":
		err = install(ctx, l.opt.Source, l.opt.Packages, layer)
	default:
		return nil
	}
	if err != nil {
		return err
	}
	l.layers = []string{layer, root}
	return nil
}

// maskSysRq makes the empty file that nspawn mounts over dangerous files of a
// container's /proc, where systemd has not made it at the host's boot. Pacemaker
// writes "b" to /proc/sysrq-trigger when it panics, which would reboot the host.
// The file stays: another lab may need it.
func maskSysRq() error {
	const file = "/run/systemd/inaccessible/reg"
	if exists(file) {
		return nil
	}
	if err := writeFile(file, "", 0); err != nil {
		return fmt.Errorf("mask sysrq-trigger: %w", err)
	}
	return nil
}

// Close ends everything that runs in the lab and removes everything that it
// made. It may be called more than once.
func (l *Lab) Close() error {
	l.mu.Lock()
	closed, cluster := l.closed, l.cluster
	l.closed = true
	l.mu.Unlock()
	if closed {
		return nil
	}
	if cluster != nil {
		_ = cluster.Down() // what it could not end, the sweep ends or reports
	}
	err := sweep(l.opt.Prefix)
	unlock(l.lock)
	if err != nil {
		return fmt.Errorf("close lab %s: %w", l.opt.Prefix, err)
	}
	return nil
}

// adopt makes c the lab's cluster.
func (l *Lab) adopt(c *Cluster) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.closed:
		return errors.New("the lab is closed")
	case l.cluster != nil:
		return errors.New("the lab runs a cluster already")
	}
	l.cluster = c
	return nil
}

// release gives the lab's place for a cluster free.
func (l *Lab) release(c *Cluster) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cluster == c {
		l.cluster = nil
	}
}

// namespace names a network namespace of the lab.
func (l *Lab) namespace(name string) namespace {
	return namespace(namespacePrefix(l.opt.Prefix) + name)
}

// Remove removes what a killed process left of the lab called prefix. It fails
// when a living process uses it.
func Remove(prefix string) error {
	if err := check(Options{Prefix: prefix}.withDefaults()); err != nil {
		return err
	}
	lock, err := tryLock(lockPath(prefix))
	if err != nil {
		return fmt.Errorf("remove lab %s: %w", prefix, err)
	}
	defer unlock(lock)
	if err := sweep(prefix); err != nil {
		return fmt.Errorf("remove lab %s: %w", prefix, err)
	}
	return nil
}

// sweep removes every trace of a lab that names alone can find, so that it works
// for one's own lab and for a dead process's alike: processes first, then
// network namespaces, mounts and state.
func sweep(prefix string) error {
	var errs []error
	if base, err := cgroupRoot(); err == nil {
		errs = append(errs, base.sub(cgroupName(prefix)).kill())
	}
	// Beside version 1, nspawn mirrors its groups, empty, in systemd's old hierarchy.
	errs = append(errs, cgroup("/sys/fs/cgroup/systemd").sub(cgroupName(prefix)).remove())
	names, _ := filepath.Glob(filepath.Join(netnsDir, namespacePrefix(prefix)+"*"))
	for _, name := range names {
		errs = append(errs, namespace(filepath.Base(name)).remove())
	}
	errs = append(errs, removeTree(statePath(prefix)))
	left, _ := filepath.Glob("/run/systemd/nspawn/propagate/" + namespacePrefix(prefix) + "*")
	for _, dir := range left {
		_ = os.Remove(dir) // an empty directory of nspawn's; a nuisance, no leak
	}
	return errors.Join(errs...)
}

// Names by which a lab's traces are found. The dot ends the prefix, so that lab
// "a" never takes lab "a-b" for its own.
func statePath(prefix string) string       { return "/run/oneha-lab-" + prefix }
func lockPath(prefix string) string        { return statePath(prefix) + ".lock" }
func cgroupName(prefix string) string      { return "oneha-lab-" + prefix }
func namespacePrefix(prefix string) string { return "oneha-" + prefix + "." }

var prefixForm = regexp.MustCompile(`^[a-z][a-z0-9-]{0,15}$`)

// check tells what a person has to do before a lab can run here.
func check(opt Options) error {
	switch {
	case !prefixForm.MatchString(opt.Prefix):
		return fmt.Errorf("prefix %q: use at most 16 lower-case letters, digits and hyphens, a letter first", opt.Prefix)
	case strings.ContainsAny(opt.CacheDir, ":,\\"):
		return fmt.Errorf("cache directory %q: overlayfs cannot take a path with a colon, comma or backslash", opt.CacheDir)
	case os.Geteuid() != 0:
		return errors.New("the lab needs root: it makes network namespaces, mounts and control groups")
	}
	return nil
}
