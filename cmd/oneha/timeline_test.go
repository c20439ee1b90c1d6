package main

import (
	"bytes"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/oneha/oneha/internal/events"
)

// closed is a machine on which nobody may read one file.
type closed struct {
	fs.FS
	name string
}

func (c closed) Open(name string) (fs.File, error) {
	if name == c.name {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return c.FS.Open(name)
}

// A log that the caller may not read is a note beside what the others say, and a failure
// when it is the only one.
func TestTimelineWithoutPermission(t *testing.T) {
	const log, other = "var/log/oneha/events.jsonl", "var/log/pacemaker/pacemaker.log"
	const lost = `{"time":"2026-11-22T17:01:15Z","host":"n2","from":"pacemaker","what":"node-lost","subject":"n1"}` + "\n" +
		`{"time":"2026-11-22T17:01:21Z","host":"n2","from":"pacemaker","what":"fencing","subject":"n1","action":"off","code":0}` + "\n"
	for _, test := range []struct {
		files fstest.MapFS
		code  int
		want  []string
	}{
		{fstest.MapFS{log: {Data: []byte(lost)}, other: {Data: []byte(lost)}}, 0, []string{"n1 is lost", "/" + log + ": permission denied; be root"}},
		{fstest.MapFS{log: {Data: []byte(lost)}}, 1, []string{"no log can be read here: /" + log + ": permission denied"}},
	} {
		var out bytes.Buffer
		code := tool{stdin: strings.NewReader(""), stdout: &out, stderr: &out, root: closed{test.files, log}}.run(t.Context(), []string{"oneha", "timeline"})
		if code != test.code {
			t.Errorf("exit code %d, want %d", code, test.code)
		}
		for _, want := range test.want {
			if !strings.Contains(out.String(), want) {
				t.Errorf("there is no %q in\n%s", want, out.String())
			}
		}
		if strings.Contains(out.String(), "there is no "+events.Dir) {
			t.Error("the log is there")
		}
	}
}
