package packages

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
)

// file is one that a deb installs.
type file struct {
	path    string // from /
	mode    fs.FileMode
	owner   string // numbers of user and group, as 0:0
	link    string // where a symbolic link leads, "" for none
	content []byte
}

// deb is a Debian package.
type deb struct {
	control map[string]string // files of the package's control archive by name
	files   []file            // in the package's order
}

// readDeb reads a package in the format of deb(5): an ar archive with two compressed
// tar archives in it.
func readDeb(name string) (deb, error) {
	d := deb{control: map[string]string{}}
	raw, err := os.ReadFile(name)
	if err != nil {
		return d, err
	}
	members, err := readAr(raw)
	if err != nil {
		return d, fmt.Errorf("read %s: %w", name, err)
	}
	control, err := readTar(members["control.tar.gz"])
	if err != nil {
		return d, fmt.Errorf("read %s: control: %w", name, err)
	}
	for _, f := range control {
		d.control[strings.TrimPrefix(f.path, "/")] = string(f.content)
	}
	if d.files, err = readTar(members["data.tar.gz"]); err != nil {
		return d, fmt.Errorf("read %s: data: %w", name, err)
	}
	return d, nil
}

// readAr reads the members of a common ar archive: a header of 60 bytes, the name in
// its first 16 and the size in decimal from byte 48; content on even offsets.
func readAr(raw []byte) (map[string][]byte, error) {
	rest, ok := bytes.CutPrefix(raw, []byte("!<arch>\n"))
	if !ok {
		return nil, errors.New("no ar archive")
	}
	members := map[string][]byte{}
	for len(rest) > 0 {
		if len(rest) < 60 {
			return nil, errors.New("ar: header cut off")
		}
		name := strings.TrimRight(strings.TrimSpace(string(rest[:16])), "/")
		size, err := strconv.Atoi(strings.TrimSpace(string(rest[48:58])))
		if err != nil || size < 0 || 60+size > len(rest) {
			return nil, fmt.Errorf("ar: %s: size %q", name, rest[48:58])
		}
		members[name] = rest[60 : 60+size]
		rest = rest[min(60+size+size%2, len(rest)):]
	}
	return members, nil
}

// readTar reads a gzipped tar archive whose names begin with "./".
func readTar(raw []byte) ([]file, error) {
	unzipped, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	var all []file
	for in := tar.NewReader(unzipped); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		content, err := io.ReadAll(in)
		if err != nil {
			return nil, err
		}
		all = append(all, file{
			path: "/" + strings.Trim(strings.TrimPrefix(h.Name, "."), "/"), mode: h.FileInfo().Mode(),
			owner: fmt.Sprintf("%d:%d", h.Uid, h.Gid), link: h.Linkname, content: content,
		})
	}
}
