package twin

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
)

// A name of a file is written so that it is read back, in one line that steers no terminal.
func FuzzPath(f *testing.F) {
	for _, name := range []string{"/etc/one/oned.conf", "/a b", "/a\nb", "/a\xffb%", "/\x1b[31m", "/\u202e", "%", "%zz", "%2", ""} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		text := Path(name).String()
		var back Path
		if err := back.UnmarshalText([]byte(text)); err != nil || string(back) != name || strings.ContainsAny(text, "\n\x1b") {
			t.Errorf("%q is %q, which is read as %q, %v", name, text, string(back), err)
		}
		var other Path
		if err := other.UnmarshalText([]byte(name)); err == nil {
			if err := back.UnmarshalText([]byte(other.String())); err != nil || back != other {
				t.Errorf("%q is %q, written %q, read %q, %v", name, string(other), other, string(back), err)
			}
		}
	})
}

// A copy of configuration says what the other server's does, has what this one keeps, and a
// second copy changes nothing.
func FuzzMerge(f *testing.F) {
	files := []string{"/etc/one/oned.conf", "/etc/one/monitord.conf", "/etc/one/oneflow-server.conf", "/etc/one/onegate-server.conf", "/etc/one/fireedge-server.conf", "/etc/one/sched.conf"}
	there := conf(f, "7.2") + strings.ReplaceAll(hooks, "%s", "eth1")
	f.Add(byte(0), []byte(conf(f, "6.10")+strings.ReplaceAll(hooks, "%s", "ens3")), []byte(there))
	f.Add(byte(6), []byte(there), []byte(there))
	f.Add(byte(0), []byte("FEDERATION = [ SERVER_ID = 1 ]\nLISTEN_ADDRESS = 10.0.0.1\n"), []byte("LISTEN_ADDRESS = \"10.0.0.2\" # x\nFEDERATION = [ SERVER_ID = 2, ZONE_ID = 0 ]\n"))
	f.Add(byte(2), []byte(":host: 10.0.0.1\n:port: 2474\n"), []byte("# a comment\n:host: 127.0.0.1\n:port: 2474\n"))
	f.Add(byte(4), []byte("host: 0.0.0.0\ndefault_zone:\n  id: 0\n"), []byte("host: 10.0.0.2\ndefault_zone: {id: 1}\n"))
	key := []byte("key")
	f.Fuzz(func(t *testing.T, which byte, here, there []byte) {
		file := files[int(which)%len(files)]
		mode := []Mode{Pacemaker, Raft}[int(which)/len(files)%2]
		merged, err := merge(file, mode, here, there)
		if err != nil {
			return
		}
		again, err := merge(file, mode, merged, there)
		if err != nil || !bytes.Equal(again, merged) {
			t.Fatalf("%s: %q and %q make %q, and then %q, %v", file, here, there, merged, again, err)
		}
		if brings(file, mode, here, there) {
			return
		}
		if want, got := meaning(file, mode, there, key), meaning(file, mode, merged, key); want != nil && !maps.Equal(want, got) {
			t.Errorf("%s: %q and %q make %q, which says something else", file, here, there, merged)
		}
	})
}

// brings tells whether what this server keeps is something that the other's file has not: in
// a template a vector may come with it.
func brings(file string, mode Mode, here, there []byte) bool {
	ours, err1 := edit(file, here)
	theirs, err2 := edit(file, there)
	return err1 != nil || err2 != nil || slices.ContainsFunc(keptIn(file, mode), func(k Keep) bool {
		_, have := ours.Get(k.Path...)
		_, has := theirs.Get(k.Path...)
		return have && !has
	})
}

// The files that a configuration names are absolute, each once, and none is in a comment.
func FuzzNamed(f *testing.F) {
	for _, text := range []string{conf(f, "7.2"), ":ssl_cert: /etc/one/x.crt\n# :ssl_key: /etc/one/x.key\n", "password_file: \"/etc/oneha/../x\"", "a=/b.pem,/c.pem;'/d.key'", "/.key"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		all := named(text)
		if !slices.IsSorted(all) || len(slices.Compact(slices.Clone(all))) != len(all) {
			t.Errorf("%q", all)
		}
		for _, file := range all {
			if !path.IsAbs(file) || file != path.Clean(file) || strings.ContainsAny(file, " \n\"'") {
				t.Errorf("%q names %q", text, file)
			}
		}
		if more := named("# " + strings.ReplaceAll(text, "\n", "\n# ")); len(more) > 0 {
			t.Errorf("a comment names %q", more)
		}
	})
}

// An archive of another server gives files in the order of the request, or an error; none is
// taken twice or made up.
func FuzzReceive(f *testing.F) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i, h := range []*tar.Header{{Name: "0", Size: 2}, {Name: "1", PAXRecords: map[string]string{trouble: "permission denied"}, Format: tar.FormatPAX}} {
		h.Mode, h.Typeflag = 0o600, tar.TypeReg
		if err := w.WriteHeader(h); err != nil {
			f.Fatal(err)
		}
		if i == 0 {
			_, _ = w.Write([]byte("hi"))
		}
	}
	if err := w.Close(); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes(), 2)
	f.Add(b.Bytes(), 3)
	f.Add(b.Bytes()[:600], 1)
	f.Add([]byte{}, 1)
	f.Fuzz(func(t *testing.T, archive []byte, count int) {
		count = (count%5 + 5) % 5
		next := 0
		err := receive(tar.NewReader(bytes.NewReader(archive)), count, func(i int, content io.Reader, refused error) error {
			if i != next {
				t.Fatalf("%d came in the place of %d", i, next)
			}
			next++
			n, err := io.Copy(io.Discard, content)
			if n > int64(len(archive))*600 { // holes are read as zeros
				t.Fatalf("%d bytes of %d", n, len(archive))
			}
			return err
		})
		if (err == nil) != (next == count) && err == nil {
			t.Errorf("%d of %d files came", next, count)
		}
	})
}

// /etc/passwd and /etc/group: who is found by a number is found by the name, too.
func FuzzAccounts(f *testing.F) {
	f.Add("root:x:0:0::/root:/bin/sh\noneadmin:x:9869:9869::/var/lib/one:/bin/bash\n", "root:x:0:\noneadmin:x:9869:\n")
	f.Add("oneadmin:x:a:b:c:d\n:::::\noneadmin:x:-1:1:::\na:x:4294967296:0::", "x:y:z\n+::0:0\n")
	dir := f.TempDir()
	if err := os.Mkdir(dir+"/etc", 0o700); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, passwd, group string) {
		m := Machine{Root: dir}
		if err := errors.Join(os.WriteFile(m.path("/etc/passwd"), []byte(passwd), 0o600), os.WriteFile(m.path("/etc/group"), []byte(group), 0o600)); err != nil {
			t.Fatal(err)
		}
		who, err := m.accounts()
		if err != nil {
			t.Fatal(err)
		}
		for name, id := range who.uids {
			uid, gid, err := who.ids(name, "0")
			if err != nil || uid != id || gid != 0 && who.gids["0"] == 0 {
				t.Errorf("%q is %d, and then %d:%d, %v", name, id, uid, gid, err)
			}
		}
		if a := who.oneadmin; a != nil && !strings.Contains(passwd, "oneadmin") {
			t.Errorf("%q has %+v", passwd, a)
		}
	})
}
