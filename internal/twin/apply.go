package twin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"

	"github.com/oneha/oneha/internal/remote"
)

// Result is what came of a copy.
type Result struct {
	Done   []Change `json:"done"`
	Failed []Left   `json:"failed,omitempty"`
	Backup string   `json:"backup,omitempty"` // the directory with what was replaced; "" for nothing
	Swept  int      `json:"swept,omitempty"`  // temporary files of killed runs that were removed
}

// Progress is told how many changes of how many are made.
type Progress func(n, all int)

// copier makes this server like another.
type copier struct {
	looker
	disk
	state  *state
	backup string // its name below the state, with the time
	result Result
	left   int
	told   Progress
}

// Apply looks at both servers again under the lock of this one, removes what killed runs
// left, and makes the changes that Plan says, as far as they are among the agreed. Errors of one file are in the result; an
// error means that it did not get to the end, and can be run again.
func (m Machine) Apply(ctx context.Context, host remote.Host, r Request, remove []Path, agreed []Change, told Progress) (Result, error) {
	among := func(c Change) bool {
		return slices.ContainsFunc(agreed, func(a Change) bool { return a.Path == c.Path && a.Deed == c.Deed })
	}
	return m.apply(ctx, host, r, remove, among, told, disk{did: func(string) {}, sync: (*os.File).Sync})
}

func (m Machine) apply(ctx context.Context, host remote.Host, r Request, remove []Path, agreed func(Change) bool, told Progress, d disk) (Result, error) {
	s, err := m.openState()
	if err != nil {
		return Result{}, err
	}
	defer s.close()
	c := copier{looker: looker{Machine: m, request: r, roots: map[string]*os.Root{}}, disk: d, state: s, told: told}
	defer c.close()
	if c.who, err = m.accounts(); err != nil {
		return Result{}, err
	}
	swept, again, err := c.sweep(s, nil)
	if err != nil {
		return Result{}, fmt.Errorf("remove what a killed run left: %w", err)
	}
	c.result.Swept = swept
	here, there, _, err := m.Both(ctx, host, r)
	if err != nil {
		return c.result, err
	}
	changes, _, err := Plan(here, there, r.Mode, remove)
	if err != nil {
		return c.result, err
	}
	changes = slices.DeleteFunc(changes, func(ch Change) bool { return !agreed(ch) })
	if err := c.make(ctx, host, changes, again); err != nil {
		return c.result, err
	}
	return c.result, nil
}

// Both has both servers look at the same files. A file that only one side's configuration
// names is looked at on the other, too.
func (m Machine) Both(ctx context.Context, host remote.Host, r Request) (here, there Facts, offset *Clock, err error) {
	if here, err = m.Look(ctx, r); err != nil {
		return here, there, nil, err
	}
	r.Also = append(slices.Clone(r.Also), here.Named...)
	if there, offset, err = Ask(ctx, host, r, m.Now); err != nil {
		return here, there, nil, err
	}
	if len(there.Named) > 0 {
		r.Also = append(r.Also, there.Named...)
		if here, err = m.Look(ctx, r); err != nil {
			return here, there, nil, err
		}
	}
	return here, there, offset, nil
}

// make makes the changes: directories, then what is in them, then deletions.
func (c *copier) make(ctx context.Context, host remote.Host, changes []Change, again []string) error {
	c.left = len(changes)
	if len(changes) == 0 && len(again) == 0 {
		return c.state.end(c.disk)
	}
	dirs := slices.Clone(again)
	for _, ch := range changes {
		dirs = append(dirs, path.Dir(string(ch.Path)))
	}
	slices.Sort(dirs)
	if err := c.state.begin(c.disk, slices.Compact(dirs)); err != nil {
		return err
	}
	c.backup = path.Join("backup", c.Now().UTC().Format("20060102T150405Z"))
	var copies []Change
	for _, ch := range changes {
		if ch.Deed == Copy {
			copies = append(copies, ch)
		} else if ch.Deed != Delete {
			c.do(ch, nil)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	if err := c.copies(ctx, host, copies); err != nil {
		return err
	}
	for _, ch := range changes {
		if ch.Deed == Delete {
			c.do(ch, nil)
		}
	}
	if len(again) > 0 {
		return c.state.begin(c.disk, again)
	}
	return c.state.end(c.disk)
}

// copies brings the contents, in one connection.
func (c *copier) copies(ctx context.Context, host remote.Host, changes []Change) error {
	if len(changes) == 0 {
		return nil
	}
	r := c.request
	for _, ch := range changes {
		r.Files = append(r.Files, ch.Path)
	}
	return fetch(ctx, host, r, func(i int, content io.Reader, trouble error) error {
		if trouble != nil {
			c.failed(changes[i], trouble)
		} else {
			c.do(changes[i], content)
		}
		return ctx.Err()
	})
}

// do makes one change and notes what came of it.
func (c *copier) do(ch Change, content io.Reader) {
	if err := c.one(ch, content); err != nil {
		c.failed(ch, err)
		return
	}
	c.result.Done = append(c.result.Done, ch)
	c.count()
}

func (c *copier) failed(ch Change, err error) {
	c.result.Failed = append(c.result.Failed, Left{Path: ch.Path, Why: bare(err).Error()})
	c.count()
}

func (c *copier) count() {
	c.left--
	if n := len(c.result.Done) + len(c.result.Failed); c.told != nil {
		c.told(n, n+c.left)
	}
}

func (c *copier) one(ch Change, content io.Reader) error {
	root, name, err := c.root(string(ch.Path))
	if err != nil {
		return err
	}
	if ch.Deed == Delete {
		if err := c.keep(root, name, ch); err != nil {
			return err
		}
		return c.remove(root, name)
	}
	uid, gid, err := c.who.ids(ch.file.Owner, ch.file.Group)
	if err != nil {
		return err
	}
	as := owned{uid, gid, ch.file.Mode}
	switch ch.Deed {
	case Make:
		return c.mkdir(root, name, as)
	case Attrs:
		if ch.file.Kind == Symlink {
			return root.Lchown(name, uid, gid)
		}
		return c.attributes(root, name, as)
	case Link:
		if err := c.keep(root, name, ch); err != nil {
			return err
		}
		return c.link(root, name, string(ch.file.Target), as)
	}
	if len(keptIn(string(ch.Path), c.request.Mode)) > 0 {
		if content, err = c.merged(ch, content); err != nil {
			return err
		}
	}
	if err := c.keep(root, name, ch); err != nil {
		return err
	}
	err = c.replace(root, name, as, contextOf(root, name), c.filling(ch, content))
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("its directory is not there: make it, then run this again")
	}
	return err
}

var errChanged = errors.New("it changed on the other server meanwhile: run this again")

// filling copies a content and makes sure that it is what was compared. A merged one is
// made sure of before.
func (c *copier) filling(ch Change, content io.Reader) func(io.Writer) error {
	return func(w io.Writer) error {
		if _, ok := content.(*bytes.Reader); ok {
			_, err := io.Copy(w, content)
			return err
		}
		h := newDigest(c.request.Key)
		if _, err := io.Copy(io.MultiWriter(w, h), content); err != nil {
			return err
		}
		if sum(h) != ch.file.Digest {
			return errChanged
		}
		return nil
	}
}

// merged is the other server's file with what this one keeps.
func (c *copier) merged(ch Change, content io.Reader) (io.Reader, error) {
	there, err := io.ReadAll(io.LimitReader(content, maxMeaning+1))
	if err != nil {
		return nil, err
	}
	h := newDigest(c.request.Key)
	h.Write(there)
	if sum(h) != ch.file.Digest {
		return nil, errChanged
	}
	var here []byte
	if ch.here != nil && ch.here.Kind == Regular {
		f, _, err := c.open(string(ch.Path))
		if err != nil {
			return nil, err
		}
		here, err = io.ReadAll(io.LimitReader(f, maxMeaning+1))
		f.Close()
		if err != nil {
			return nil, err
		}
	}
	text, err := merge(string(ch.Path), c.request.Mode, here, there)
	if err != nil {
		return nil, err
	}
	return bytes.NewReader(text), nil
}
