package twin

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
)

// keep puts a copy of what is replaced below the state, with its owner and mode, where
// only root gets to.
func (c *copier) keep(root *os.Root, name string, ch Change) error {
	if ch.here == nil || ch.here.Kind == Directory || ch.here.Kind == Special {
		return nil
	}
	to := path.Join(c.backup, string(ch.Path))
	if err := c.state.root.MkdirAll(path.Dir(to), 0o700); err != nil {
		return fmt.Errorf("keep the old one: %w", bare(err))
	}
	c.did("backup directory")
	uid, gid, err := c.who.ids(ch.here.Owner, ch.here.Group)
	if err != nil {
		return err
	}
	as := owned{uid, gid, ch.here.Mode}
	if ch.here.Kind == Symlink {
		err = c.link(c.state.root, to, string(ch.here.Target), as)
	} else {
		err = c.keepFile(root, name, to, as)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // somebody took it away since
		return fmt.Errorf("keep the old one: %w", bare(err))
	}
	c.result.Backup = path.Join(StateDir, c.backup)
	return nil
}

func (c *copier) keepFile(root *os.Root, name, to string, as owned) error {
	old, _, err := openRegular(root, name)
	if err != nil {
		return err
	}
	defer old.Close()
	return c.replace(c.state.root, to, as, "", func(w io.Writer) error {
		_, err := io.Copy(w, old)
		return err
	})
}
