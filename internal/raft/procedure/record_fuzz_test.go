package procedure

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"testing"

	"github.com/oneha/oneha/internal/remote"
	"github.com/oneha/oneha/internal/spec"
)

// told is a server that answers everything with one text.
type told string

func (told) Name() string { return "one-server1" }
func (told) Close() error { return nil }
func (h told) Run(context.Context, ...string) ([]byte, error) {
	return []byte(h), nil
}
func (h told) ReadFile(context.Context, string) ([]byte, error) {
	if h == "" {
		return nil, fs.ErrNotExist
	}
	return []byte(h), nil
}
func (told) WriteFile(context.Context, string, []byte, remote.Meta) error { return fs.ErrPermission }
func (told) Stream(context.Context, io.Reader, io.Writer, ...string) error {
	return fs.ErrPermission
}

// The answers of servers: a record that cannot be read ends a procedure and counts never
// as none, and what is read of sizes is no less than nothing.
func FuzzAnswers(f *testing.F) {
	for _, text := range []string{
		"", `{"version":1,"procedure":"join","server":"one-server3","began":"2026-11-22T12:00:00Z","old_id":-1}` + "\n", `{"version":2}`, `{"version":1}`, `null`, "\x1b[2J",
		"/ 1234567\n", "/mnt/with blanks 12\n", "/ -5", "/ 9223372036854775807", "4096\n", "-1\n", "da39a3ee  /x\n",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		server := at{ZoneServer: spec.ZoneServer{Name: "one-server1"}, host: told(text)}
		r, err := underWay(t.Context(), []at{server})
		if err == nil && text != "" && r.Version != 0 && r.Version != 1 {
			t.Errorf("%q is the record %+v", text, r)
		}
		if err == nil && text != "" && !strings.Contains(strings.ToLower(text), "version") {
			t.Errorf("%q is no record, and nothing is said", text)
		}
		if (r.String() == "") != (r.Procedure == "") {
			t.Errorf("%+v is %q", r, r)
		}
		if mount, free, err := server.free(t.Context(), "/"); err == nil && (free < 0 && !strings.Contains(text, "-") || mount == "") {
			t.Errorf("%q: %d bytes are free on %q", text, free, mount)
		}
		n, err := number(server, []byte(text))
		if err == nil && n < 0 {
			t.Errorf("%q is the size %d", text, n)
		}
		if err != nil && (len(err.Error()) > 1000 || strings.ContainsAny(err.Error(), "\r\n")) {
			t.Errorf("error %q", fmt.Sprint(err))
		}
	})
}
