package apply

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/oneha/oneha/cib"
)

// Kept is how many rollback files a Store keeps.
const Kept = 10

// Store is a directory of rollback files. It and they are the owner's alone: a
// configuration that somebody else wrote may hold passwords.
type Store struct {
	Dir string
	Now func() time.Time // nil for time.Now
}

// Saved is what a rollback file says of itself.
type Saved struct {
	XMLName     xml.Name  `xml:"oneha-rollback" json:"-"`
	ID          string    `xml:"id,attr" json:"id"`                                       // its name, made of the time
	Made        time.Time `xml:"made,attr" json:"made"`                                   // when the configuration was replaced
	Node        string    `xml:"node,attr" json:"node"`                                   // where that was done
	By          string    `xml:"by,attr" json:"by"`                                       // and by whom
	Command     string    `xml:"command,attr" json:"command"`                             // apply or rollback
	Description string    `xml:"description,attr,omitempty" json:"description,omitempty"` // what was applied: a description's name
	Fingerprint string    `xml:"fingerprint,attr,omitempty" json:"fingerprint,omitempty"` // and the SHA-256 of its bytes; the ID that rollback went to
	Changed     string    `xml:"changed,attr,omitempty" json:"changed,omitempty"`         // when and by whom Pacemaker says it was last changed before
	Before      string    `xml:"before,attr" json:"-"`                                    // digest of what the configuration says
	After       string    `xml:"after,attr" json:"-"`                                     // digest of what replaced it
}

// Digest identifies what a CIB configures. Where a CIB holds a weak password so does
// its digest: it belongs into no log.
func Digest(data []byte) (string, error) {
	facts, err := cib.Canonical(data)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(strings.Join(facts, "\n")))
	return hex.EncodeToString(sum[:]), nil
}

// Save keeps the configuration of a CIB that is about to be replaced by that of
// another, and forgets the oldest beyond Kept. When it returns without an error the
// file is on disk whole; otherwise there is none. What a run left that did not get
// to its change is used again.
func (s Store) Save(about Saved, live, target []byte) (Saved, error) {
	configuration, err := Configuration(live)
	if err != nil {
		return Saved{}, err
	}
	before, err1 := Digest(live)
	after, err2 := Digest(target)
	if err := errors.Join(err1, err2); err != nil {
		return Saved{}, err
	}
	now := time.Now
	if s.Now != nil {
		now = s.Now
	}
	about.Made = now().UTC().Truncate(time.Second)
	about.Before, about.After, about.Changed = before, after, LastChange(live)
	if err := s.prepare(); err != nil {
		return Saved{}, fmt.Errorf("keep the old configuration: %w", err)
	}
	all, err := s.List()
	if err != nil {
		return Saved{}, err
	}
	if len(all) > 0 && all[0].Command == about.Command && all[0].Before == before && all[0].After == after {
		if old, err := s.Load(all[0].ID); err == nil && bytes.Equal(old, configuration) {
			return all[0], nil
		}
	}
	at := about.Made
	if len(all) > 0 { // IDs go up in the order of the changes, however fast they are and whatever the clock does
		if last, err := time.Parse(idForm, all[0].ID); err == nil && !at.After(last) {
			at = last.Add(time.Second)
		}
	}
	about.ID = at.Format(idForm)
	if err := s.write(about, configuration); err != nil {
		return Saved{}, fmt.Errorf("keep the old configuration: %w", err)
	}
	for i, old := range all {
		if i >= Kept-1 {
			_ = os.Remove(s.path(old.ID)) // one too many does no harm
		}
	}
	return about, nil
}

// Forget removes what Save kept, when the change was not made after all.
func (s Store) Forget(saved Saved) { _ = os.Remove(s.path(saved.ID)) }

// prepare makes the directory and removes what a killed run left in it.
func (s Store) prepare() error {
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return err
	}
	if err := os.Chmod(s.Dir, 0o700); err != nil {
		return err
	}
	left, _ := filepath.Glob(filepath.Join(s.Dir, temporary+"*"))
	for _, name := range left {
		_ = os.Remove(name) // a nuisance, no more
	}
	return nil
}

// idForm is the time in an ID.
const idForm = "20060102-150405"

// temporary begins the names of files that are not whole yet.
const temporary = ".new-"

func (s Store) path(id string) string { return filepath.Join(s.Dir, id+".xml") }

func (s Store) write(about Saved, configuration []byte) error {
	head, err := xml.Marshal(about)
	if err != nil {
		return err
	}
	end := []byte("</oneha-rollback>")
	text := bytes.Join([][]byte{bytes.TrimSuffix(head, end), []byte("\n  "), configuration, []byte("\n"), end, []byte("\n")}, nil)
	f, err := os.CreateTemp(s.Dir, temporary+"*") // of mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), s.path(about.ID))
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return err
	}
	dir, err := os.Open(s.Dir)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// List returns what is kept, the newest first. Files that are not readable as one
// of these are passed over.
func (s Store) List() ([]Saved, error) {
	entries, err := os.ReadDir(s.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list rollback files: %w", err)
	}
	var all []Saved
	for _, e := range entries {
		id, is := strings.CutSuffix(e.Name(), ".xml")
		if !is || strings.HasPrefix(id, ".") {
			continue
		}
		about, _, err := s.read(id)
		if err == nil && about.ID == id {
			all = append(all, about)
		}
	}
	slices.SortFunc(all, func(a, b Saved) int { return strings.Compare(b.ID, a.ID) })
	return all, nil
}

// Load returns a configuration that is kept.
func (s Store) Load(id string) ([]byte, error) {
	_, configuration, err := s.read(id)
	if err != nil {
		return nil, fmt.Errorf("read rollback file: %w", err)
	}
	return configuration, nil
}

func (s Store) read(id string) (about Saved, configuration []byte, err error) {
	if id == "" || strings.ContainsAny(id, "/\x00") {
		return about, nil, fmt.Errorf("%q is no ID: see oneha rollback --list", id)
	}
	text, err := os.ReadFile(s.path(id))
	if err != nil {
		return about, nil, err
	}
	if err := xml.Unmarshal(text, &about); err != nil {
		return about, nil, fmt.Errorf("%s: %w", s.path(id), err)
	}
	about.XMLName = xml.Name{}
	from, to := bytes.Index(text, []byte("<configuration")), bytes.LastIndex(text, []byte("\n</oneha-rollback>"))
	if from < 0 || to < from {
		return about, nil, fmt.Errorf("%s: it holds no configuration", s.path(id))
	}
	return about, text[from:to], nil
}

// LastChange says when a CIB's configuration was last changed, and by whom, in the
// words of the CIB itself; "" when it does not say.
func LastChange(data []byte) string {
	var root struct {
		When   string `xml:"cib-last-written,attr"`
		User   string `xml:"update-user,attr"`
		Client string `xml:"update-client,attr"`
		Node   string `xml:"update-origin,attr"`
	}
	if err := xml.Unmarshal(data, &root); err != nil || root.When == "" {
		return ""
	}
	said := root.When
	for _, part := range []struct{ word, value string }{{" by ", root.User}, {" with ", root.Client}, {" on ", root.Node}} {
		if part.value != "" {
			said += part.word + part.value
		}
	}
	return said
}

// ErrBusy says that another run changes the configuration from this node.
var ErrBusy = errors.New("another oneha apply or rollback runs on this node: wait for it")

// Lock keeps others on this node from changing the configuration, until it is called
// again by release or the process ends.
func (s Store) Lock() (release func(), err error) {
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(s.Dir, ".lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, ErrBusy
		}
		return nil, fmt.Errorf("lock: %w", err)
	}
	return func() { f.Close() }, nil
}

// CIBDir is where Pacemaker keeps the CIB.
const CIBDir = "/var/lib/pacemaker/cib"

// HasRoom fails when a directory's file system has no room for a CIB of that size, its
// archived copy and their temporary files: Pacemaker would go on with a configuration that
// it cannot save, and forget it.
func HasRoom(dir string, size int) error {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return fmt.Errorf("look for room in %s: %w", dir, err)
	}
	need, have := uint64(4*size+64<<10), s.Bavail*uint64(s.Bsize)
	if have < need {
		return fmt.Errorf("no room in %s: Pacemaker needs %d KiB to save the configuration and has %d: free some", dir, need>>10, have>>10)
	}
	return nil
}
