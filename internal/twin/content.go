package twin

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// read digests a file. One that is written meanwhile is read again, a few times.
func (l *looker) read(f *File) {
	if f.Size > MaxFile {
		f.Note = fmt.Sprintf("has more than %d MB", MaxFile>>20)
		return
	}
	const tries = 3
	for range tries {
		whole, err := l.digest(f)
		if err != nil {
			f.Digest, f.Meaning, f.Note = "", nil, "cannot be read: "+bare(err).Error()
			return
		}
		if whole {
			return
		}
	}
	f.Digest, f.Meaning, f.Note = "", nil, "changes while it is read"
}

// digest reads a file once; whole is false when it changed meanwhile.
func (l *looker) digest(f *File) (whole bool, err error) {
	file := string(f.Path)
	r, info, err := l.open(file)
	if err != nil {
		return false, err
	}
	defer r.Close()
	h := newDigest(l.request.Key)
	var text []byte
	if (formOf(file) != bytewise || names(file)) && info.Size() <= maxMeaning {
		if text, err = io.ReadAll(io.LimitReader(r, maxMeaning+1)); err == nil {
			h.Write(text)
		}
	} else {
		_, err = io.Copy(h, io.LimitReader(r, MaxFile+1))
	}
	if err != nil {
		return false, err
	}
	if l.between != nil {
		l.between(file)
	}
	after, err := r.Stat()
	if err != nil || changed(info, after) {
		return false, err
	}
	f.Size, f.Digest = info.Size(), sum(h)
	f.Meaning = nil
	if int64(len(text)) == f.Size {
		f.Meaning = meaning(file, l.request.Mode, text, l.request.Key)
	}
	if names(file) {
		for _, other := range named(string(text)) {
			l.name(other)
		}
	}
	return true, nil
}

// open opens a regular file and never waits for one that is a pipe by now.
func (l *looker) open(file string) (*os.File, fs.FileInfo, error) {
	root, name, err := l.root(file)
	if err != nil {
		return nil, nil, err
	}
	return openRegular(root, name)
}

func openRegular(root *os.Root, name string) (*os.File, fs.FileInfo, error) {
	r, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil, nil, err
	}
	info, err := r.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("it is no regular file any more")
	}
	if err != nil {
		r.Close()
		return nil, nil, err
	}
	return r, info, nil
}

// changed reports whether a file was written between two looks.
func changed(was, is fs.FileInfo) bool {
	a, okA := was.Sys().(*syscall.Stat_t)
	b, okB := is.Sys().(*syscall.Stat_t)
	return !okA || !okB || a.Size != b.Size || a.Mtim != b.Mtim || a.Ctim != b.Ctim
}
