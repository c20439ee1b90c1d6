package guard

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// memory is what a guard keeps in a file: by which number it started last, so that
// no message of an earlier life is mistaken for one of this, and the zone as it was
// known, so that a guard votes also when its oned does not run.
// And the last reign of its oned, so that one takeover is looked at once.
type memory struct {
	Incarnation uint64   `json:"incarnation"`
	Server      int      `json:"server"`
	Servers     []server `json:"servers"`
	Reign       reign    `json:"reign,omitzero"` // of the local oned, the last one
}

// server is one of a zone.
type server struct {
	ID      int    `json:"id"`
	Name    string `json:"name"`
	Address string `json:"address"` // host
}

func ids(all []server) (ids []int) {
	for _, s := range all {
		ids = append(ids, s.ID)
	}
	return ids
}

// recall reads the file. One that cannot be understood counts as none: the number
// comes from the clock then.
func recall(file string) (memory, error) {
	var m memory
	text, err := readSmall(file)
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	if err != nil {
		return memory{}, fmt.Errorf("read what the last guard remembered: %w", err)
	}
	return m, nil
}

// next is the number of a start: the wall clock, or one more than the last.
func next(last uint64, now time.Time) uint64 {
	return max(last+1, uint64(max(1, now.UnixNano())))
}

// write writes the file whole, to the disk: a number must not be used twice.
func (m memory) write(file string) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("remember start: %w", err)
		}
	}()
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	half := file + ".new"
	f, err := os.OpenFile(half, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(text, '\n'))
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(half, file)
}
