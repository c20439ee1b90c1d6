package lab

import (
	"bufio"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Rootfs returns the directory of the root file system for opt.Release, which
// it builds with mmdebstrap when the cache under opt.CacheDir has none for the
// present package table (one to two minutes, 600 MB). Two callers at once build
// it once. A directory in the cache is always complete: it is built beside and
// renamed.
func Rootfs(ctx context.Context, opt Options) (string, error) {
	opt = opt.withDefaults()
	cache := filepath.Join(opt.CacheDir, "rootfs")
	name := opt.imageName()
	dir := filepath.Join(cache, name)
	if isDir(dir) {
		return dir, nil
	}
	lock, err := waitLock(ctx, filepath.Join(cache, name+".lock"), func() {
		opt.Log("root file system: waiting for another process that builds %s", name)
	})
	if err != nil {
		return "", fmt.Errorf("lock root file system: %w", err)
	}
	defer unlock(lock)
	if isDir(dir) {
		return dir, nil
	}
	building := dir + ".building"
	if err := removeTree(building); err != nil { // of a build that was killed
		return "", err
	}
	if err := build(ctx, opt, building); err != nil {
		return "", fmt.Errorf("build root file system: %w", err)
	}
	if err := os.Rename(building, dir); err != nil {
		return "", fmt.Errorf("keep root file system: %w", err)
	}
	return dir, nil
}

// imageName is the cache key: the release and a hash of the package table.
func imageName(release string, packages []string) string {
	sum := sha256.Sum256([]byte(strings.Join(packages, "\n")))
	return fmt.Sprintf("%s-%x", release, sum[:6])
}

// build makes the root file system in dir.
func build(ctx context.Context, opt Options, dir string) error {
	if _, err := exec.LookPath("mmdebstrap"); err != nil {
		return fmt.Errorf("mmdebstrap is missing: apt-get install mmdebstrap")
	}
	work, err := os.MkdirTemp("", "oneha-rootfs-")
	if err != nil {
		return fmt.Errorf("make work directory: %w", err)
	}
	defer os.RemoveAll(work)
	settings := filepath.Join(work, "host.conf")
	if err := os.WriteFile(settings, []byte("APT::Install-Recommends \"false\";\nAcquire::Retries \"3\";\n"+hostSettings(ctx)), 0o600); err != nil {
		return fmt.Errorf("write apt settings: %w", err)
	}
	packages := opt.packages()
	args := []string{"--variant=minbase", "--mode=root", "--format=directory", "--aptopt=" + settings,
		"--include=" + strings.Join(packages, ","), opt.Release, dir}
	sources := hostSources(ctx, opt.Release)
	if len(sources) == 0 {
		// The release alone: updates change the versions that it stands for, and of one
		// that is no longer supported they vanish while the index still names them.
		if archive := hostArchive(ctx); archive != "" {
			sources = []string{"deb " + archive + " " + opt.Release + " main"}
		}
	}
	if len(sources) > 0 { // else mmdebstrap knows where Debian is
		list := filepath.Join(work, "host.list") // mmdebstrap knows a sources file by its suffix
		if err := os.WriteFile(list, []byte(strings.Join(sources, "\n")+"\n"), 0o600); err != nil {
			return fmt.Errorf("write apt sources: %w", err)
		}
		args = append(args, list)
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return fmt.Errorf("make cache: %w", err)
	}
	opt.Log("root file system: building Debian %s with %d packages and what they need (one to two minutes, once)", opt.Release, len(packages))
	start := time.Now()
	err = watch(ctx, "mmdebstrap", args, func(line string) {
		opt.Log("root file system: %3.0f s  %s", time.Since(start).Seconds(), line)
	})
	if err != nil {
		_ = removeTree(dir)
		return err
	}
	// The host's proxy, perhaps with a password, has no business in the image.
	if err := os.Remove(filepath.Join(dir, "etc/apt/apt.conf.d/99mmdebstrap")); err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("remove apt settings: %w", err)
	}
	opt.Log("root file system: done in %.0f s", time.Since(start).Seconds())
	return nil
}

// watch runs a command and passes on its "I: " lines as they come, and the last one
// again every ten seconds, so that a person sees that it lives. A failure
// carries the end of what the command said.
func watch(ctx context.Context, name string, args []string, progress func(string)) error {
	pr, pw := io.Pipe()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stderr = pw // stdout holds apt's chatter and is dropped
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) } // it cleans up after itself
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", name, err)
	}

	lines := make(chan string)
	go func() {
		defer close(lines)
		in := bufio.NewScanner(pr)
		in.Buffer(nil, 1<<20)
		for in.Scan() {
			lines <- in.Text()
		}
		_, _ = io.Copy(io.Discard, pr) // a line beyond the buffer must not block the command
	}()
	done := make(chan error, 1)
	go func() {
		err := cmd.Wait()
		pw.Close()
		done <- err
	}()
	var tail []string
	last := "starting"
	tick := time.NewTicker(10 * time.Second)
	defer tick.Stop()
	for lines != nil {
		select {
		case line, ok := <-lines:
			if !ok {
				lines = nil
				break
			}
			if tail = append(tail, line); len(tail) > 15 {
				tail = tail[1:]
			}
			if text, ok := strings.CutPrefix(line, "I: "); ok {
				last = text
				progress(last)
			}
		case <-tick.C:
			progress(last)
		}
	}
	if err := <-done; err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return fmt.Errorf("%s: %w\n%s", name, err, strings.Join(tail, "\n"))
	}
	return nil
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
