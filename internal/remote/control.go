package remote

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// controlDir is a private directory for ssh's control socket. Its name holds the
// process, so that the next one can remove what a killed one left.
type controlDir struct{ path string }

const controlPrefix = "oneha-ssh-"

func newControlDir() (*controlDir, error) {
	sweep(os.TempDir())
	path, err := os.MkdirTemp("", controlPrefix+strconv.Itoa(os.Getpid())+"-")
	if err != nil {
		return nil, fmt.Errorf("make a directory for ssh's control socket: %w", err)
	}
	return &controlDir{path}, nil
}

func (d *controlDir) remove() error { return os.RemoveAll(d.path) }

// sweep removes the directories of processes of ours that are gone. The ssh that
// held a socket there ends by itself (ControlPersist).
func sweep(parent string) {
	entries, err := os.ReadDir(parent)
	if err != nil {
		return
	}
	for _, entry := range entries {
		word, ok := strings.CutPrefix(entry.Name(), controlPrefix)
		if !ok || !entry.IsDir() {
			continue
		}
		word, _, _ = strings.Cut(word, "-")
		pid, err := strconv.Atoi(word)
		if err != nil || pid <= 0 || !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			continue
		}
		info, err := entry.Info()
		if err != nil {
			continue
		}
		if stat, ok := info.Sys().(*syscall.Stat_t); ok && int(stat.Uid) == os.Geteuid() {
			_ = os.RemoveAll(filepath.Join(parent, entry.Name()))
		}
	}
}
