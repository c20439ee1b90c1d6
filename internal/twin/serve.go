package twin

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
)

// Argv is what runs on the other server. The request is its standard input.
var Argv = []string{"oneha", "sync", "--answer"}

// maxRequest bounds a request, in bytes.
const maxRequest = 16 << 20

// trouble is the PAX record of a file that could not be sent: why.
const trouble = "ONEHA.trouble"

// Answer reads a request and writes what it asks for: facts as JSON, or files as a tar
// archive whose members are named by their place in the request.
func (m Machine) Answer(ctx context.Context, in io.Reader, out io.Writer) error {
	var r Request
	if err := json.NewDecoder(io.LimitReader(in, maxRequest)).Decode(&r); err != nil {
		return fmt.Errorf("read request: %w", err)
	}
	if len(r.Files) == 0 {
		facts, err := m.Look(ctx, r)
		if err != nil {
			return err
		}
		return json.NewEncoder(out).Encode(facts)
	}
	l := looker{Machine: m, request: r, seen: map[Path]bool{}, roots: map[string]*os.Root{}}
	defer l.close()
	archive := tar.NewWriter(out)
	for i, file := range r.Files {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := l.send(archive, strconv.Itoa(i), string(file)); err != nil {
			return fmt.Errorf("send %s: %w", file, bare(err))
		}
	}
	return archive.Close()
}

// send adds a file to an archive. One that cannot be read does not end the rest.
func (l *looker) send(archive *tar.Writer, name, file string) error {
	h := &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o600, Format: tar.FormatPAX}
	r, info, err := l.open(file)
	if err == nil && info.Size() > MaxFile {
		r.Close()
		err = fmt.Errorf("it has more than %d MB", MaxFile>>20)
	}
	if err != nil {
		h.PAXRecords = map[string]string{trouble: bare(err).Error()}
		return archive.WriteHeader(h)
	}
	defer r.Close()
	h.Size = info.Size()
	if err := archive.WriteHeader(h); err != nil {
		return err
	}
	n, err := io.Copy(archive, io.LimitReader(r, h.Size))
	if err == nil && n < h.Size {
		err = errors.New("it became shorter while it was read; run this again")
	}
	return err
}
