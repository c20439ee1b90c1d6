package chaos

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/oneha/oneha/internal/events"
	"github.com/oneha/oneha/test/lab"
)

// tail is more than the agents log in the longest round, in bytes.
const tail = 1 << 20

// readEvents reads what the agents of a node have logged since t.
func readEvents(n *lab.Node, t time.Time) (told []events.Event, err error) {
	root, err := inside(n)
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	for _, name := range []string{events.File + ".1", events.File} { // it may have been rotated in the round
		text, err := readTail(filepath.Join(root, events.Dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read events of %s: %w", n.Name, err)
		}
		for line := range bytes.Lines(text) {
			if e, ok := events.Parse(line); ok && !e.Time.Before(t) {
				told = append(told, e)
			}
		}
	}
	return told, nil
}

// inside is where the host sees the root directory of a running node; of one that does not
// run nothing can be said. A link in it would lead elsewhere, and the nodes are ours.
func inside(n *lab.Node) (string, error) {
	pid := n.Init()
	if pid == 0 {
		return "", fmt.Errorf("%s does not run, so its files cannot be seen", n.Name)
	}
	return fmt.Sprintf("/proc/%d/root", pid), nil
}

// readTail reads the end of a file.
func readTail(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if _, err := f.Seek(max(0, info.Size()-tail), io.SeekStart); err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(f, tail))
}
