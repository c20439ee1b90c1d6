package hypervisor

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// Incidents is where the host error hook keeps what it did, a file for each host.
const Incidents = "/var/lib/oneha/incidents"

// maxIncident bounds such a file, in bytes.
const maxIncident = 16 << 20

// FencedAt is when the power of a host was seen off, by the record of its last
// incident: a line for each step, from begin, which has the host's name, to end. It is
// the zero time if there is none, if it is about another host, and if nobody saw the
// power off, or somebody saw it on again. A line that a crash left torn is none, with all behind it.
func FencedAt(dir string, id int, host string) (time.Time, error) {
	f, err := os.OpenFile(filepath.Join(dir, fmt.Sprintf("%d.json", id)), os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("read the incident of %s: %w", host, err)
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() { // a pipe would be waited for
		return time.Time{}, fmt.Errorf("read the incident of %s: %s is no regular file: move it away", host, f.Name())
	}
	text, err := io.ReadAll(io.LimitReader(f, maxIncident))
	if err != nil {
		return time.Time{}, fmt.Errorf("read the incident of %s: %w", host, err)
	}
	return fencedAt(text, host, time.Now()), nil
}

func fencedAt(text []byte, host string, now time.Time) (at time.Time) {
	ours := false
	for line := range bytes.Lines(text) {
		var step struct {
			At   time.Time `json:"at"`
			Step string    `json:"step"`
			Name string    `json:"name"`
		}
		if !bytes.HasSuffix(line, []byte("\n")) || json.Unmarshal(line, &step) != nil {
			break
		}
		switch step.Step {
		case "begin":
			ours, at = step.Name == host, time.Time{}
		case "fenced":
			if ours && step.At.Before(now.Add(time.Hour)) {
				at = step.At
			}
		case "on":
			at = time.Time{}
		}
	}
	return at
}
