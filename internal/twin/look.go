package twin

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"
)

// Bounds of what is looked at.
const (
	MaxFile  = 100 << 20 // bytes of a file that is compared or copied
	maxFiles = 100_000
)

// looker finds the files of a server.
type looker struct {
	Machine
	request Request
	who     accounts
	roots   map[string]*os.Root
	seen    map[Path]bool
	files   []File
	named   []Path
	unknown []string
	between func(file string) // called when a file was read, before it is made sure that it stayed the same; nil for nothing
}

// home is oneadmin's, who may write there and make symbolic links. So it is left by none:
// see anchor.
const home = "/var/lib/one"

// anchor is the directory below which a file is opened; no symbolic link leads out of it.
func anchor(file string) (base, name string) {
	if file == home {
		return home, "."
	}
	if rest, ok := strings.CutPrefix(file, home+"/"); ok {
		return home, rest
	}
	if name = strings.TrimPrefix(file, "/"); name == "" {
		name = "."
	}
	return "/", name
}

// root opens the directory that a file is below.
func (l *looker) root(file string) (*os.Root, string, error) {
	base, name := anchor(file)
	if r, ok := l.roots[base]; ok {
		return r, name, nil
	}
	r, err := os.OpenRoot(l.path(base))
	if err != nil {
		return nil, "", err
	}
	l.roots[base] = r
	return r, name, nil
}

func (l *looker) close() {
	for _, r := range l.roots {
		r.Close()
	}
}

// all looks at the places, then at the files that configuration names.
func (l *looker) all(ctx context.Context) error {
	for _, p := range places {
		if p.mode != "" && p.mode != l.request.Mode {
			continue
		}
		if err := l.place(ctx, p.path); err != nil {
			return err
		}
	}
	// A link's target is looked at, too; the list grows while it is worked through.
	const most = 1000
	for i := 0; i < len(l.named) && i < most; i++ {
		l.beyond(l.named[i])
	}
	for i := 0; i < len(l.request.Also) && i < most; i++ {
		l.look(string(l.request.Also[i]), nil)
	}
	slices.Sort(l.named)
	l.named = slices.Compact(l.named)
	slices.SortFunc(l.files, func(a, b File) int { return strings.Compare(string(a.Path), string(b.Path)) })
	l.files = l.substantial()
	return ctx.Err()
}

// substantial are the files without directories for drop-ins that hold none, which mean
// nothing to systemd.
func (l *looker) substantial() []File {
	full := map[string]bool{}
	for _, f := range l.files {
		full[path.Dir(string(f.Path))] = true
	}
	return slices.DeleteFunc(l.files, func(f File) bool {
		return f.Kind == Directory && strings.HasPrefix(string(f.Path), "/etc/systemd/system/") && !full[string(f.Path)]
	})
}

// beyond looks at a file that is named, and notes what it links to.
func (l *looker) beyond(file Path) {
	l.look(string(file), nil)
	if i := len(l.files) - 1; i >= 0 && l.files[i].Path == file && l.files[i].Kind == Symlink {
		target := string(l.files[i].Target)
		if !path.IsAbs(target) {
			target = path.Join(path.Dir(string(file)), target)
		}
		l.name(path.Clean(target))
	}
}

// name notes a file that configuration names.
func (l *looker) name(file string) {
	if !within(file, l.request.Mode) && !slices.Contains(l.named, Path(file)) {
		l.named = append(l.named, Path(file))
	}
}

// place looks at a place and everything below it.
func (l *looker) place(ctx context.Context, pattern string) error {
	base, name := anchor(pattern)
	root, _, err := l.root(pattern)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		l.unknown = append(l.unknown, fmt.Sprintf("%s: %v", pattern, bare(err)))
		return nil
	}
	found := []string{name}
	if strings.Contains(name, "*") {
		if found, err = fs.Glob(root.FS(), name); err != nil {
			return err
		}
	}
	for _, name := range found {
		file := path.Join(base, name)
		if err := l.tree(ctx, file); err != nil {
			return err
		}
		if i := len(l.files) - 1; i >= 0 && l.files[i].Path == Path(file) && l.files[i].Kind == Symlink {
			l.unknown = append(l.unknown, fmt.Sprintf("%s: it is a symbolic link, and what it leads to is not looked at", Path(file)))
		}
	}
	return nil
}

// tree looks at a file and what is below it.
func (l *looker) tree(ctx context.Context, file string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(l.files) > maxFiles {
		return fmt.Errorf("there are more than %d files to compare: is something mounted below %s?", maxFiles, path.Dir(file))
	}
	if passing.MatchString(path.Base(file)) {
		return nil
	}
	var entries []fs.DirEntry
	l.look(file, func(dir *os.File) {
		var err error
		if entries, err = dir.ReadDir(-1); err != nil {
			l.unknown = append(l.unknown, fmt.Sprintf("%s: %v", Path(file), bare(err)))
		}
	})
	for _, e := range entries {
		if err := l.tree(ctx, path.Join(file, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// look notes what a file is; open is called with a directory.
func (l *looker) look(file string, open func(*os.File)) {
	if l.seen[Path(file)] {
		return
	}
	l.seen[Path(file)] = true
	f, err := l.stat(file)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return
	}
	if err != nil {
		l.files = append(l.files, File{Path: Path(file), Kind: Special, Note: "cannot be looked at: " + bare(err).Error()})
		return
	}
	switch f.Kind {
	case Symlink:
		root, name, _ := l.root(file)
		target, err := root.Readlink(name)
		if err != nil {
			f.Note = bare(err).Error()
		}
		f.Target = Path(target)
	case Directory:
		if open == nil {
			break
		}
		root, name, _ := l.root(file)
		dir, err := root.Open(name)
		if err != nil {
			f.Note = "cannot be listed: " + bare(err).Error()
			break
		}
		open(dir)
		dir.Close()
	case Regular:
		l.read(&f)
	}
	l.files = append(l.files, f)
}

// stat is what is known of a file without reading it.
func (l *looker) stat(file string) (File, error) {
	root, name, err := l.root(file)
	if err != nil {
		return File{}, err
	}
	info, err := root.Lstat(name)
	if err != nil {
		return File{}, err
	}
	f := File{Path: Path(file), Kind: kindOf(info), Mode: bits(info)}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		f.Owner, f.Group = l.who.user(stat.Uid), l.who.group(stat.Gid)
	}
	if f.Kind == Regular {
		f.Size = info.Size()
	}
	return f, nil
}

func kindOf(info fs.FileInfo) Kind {
	switch info.Mode().Type() {
	case 0:
		return Regular
	case fs.ModeDir:
		return Directory
	case fs.ModeSymlink:
		return Symlink
	}
	return Special
}

// bits are the permissions as chmod(2) has them; a symbolic link has none that count.
func bits(info fs.FileInfo) uint32 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok && info.Mode().Type() != fs.ModeSymlink {
		return stat.Mode & 0o7777
	}
	return 0
}
