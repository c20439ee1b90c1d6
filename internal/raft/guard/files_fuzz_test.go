package guard

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// What the last guard remembered: whatever a crash or a disk has left of it, the next number
// is one that no guard here had, and what is written is read back.
func FuzzRecall(f *testing.F) {
	f.Add([]byte(`{"incarnation":1795328776000000000,"server":1,"servers":[{"id":0,"name":"one-server1","address":"10.0.0.1"}],"reign":{}}`))
	f.Add([]byte(`{"incarnation":18446744073709551615}`))
	f.Add([]byte(`{"incarnation":-1}`))
	f.Add([]byte(`{"servers":null,"server":1`))
	f.Add([]byte(""))
	file := filepath.Join(f.TempDir(), "guard.json")
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := recall(file)
		if err != nil {
			if !reflect.DeepEqual(m, memory{}) {
				t.Fatalf("both %+v and %v", m, err)
			}
			return
		}
		if err := m.write(file); err != nil {
			t.Fatal(err)
		}
		again, err := recall(file)
		if err != nil || again.Incarnation != m.Incarnation || again.Server != m.Server || len(again.Servers) != len(m.Servers) {
			t.Errorf("%q is %+v, and read back %+v, %v", text, m, again, err)
		}
	})
}

// A key file gives a key, or an error that has nothing of it.
func FuzzReadKey(f *testing.F) {
	for _, text := range []string{"0123456789abcdef0123456789abcdef\n", "short", "", " \n\t\n", "\x00\x00\x00\x00\x00\x00\x00\x00"} {
		f.Add([]byte(text))
	}
	file := filepath.Join(f.TempDir(), "one_key")
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		k, err := ReadKey(file)
		secret := bytes.TrimSpace(text)
		if (err == nil) != (len(secret) >= 8) || (err == nil) != (k.secret != nil) {
			t.Fatalf("a key of %d bytes: %v", len(secret), err)
		}
		if err != nil {
			return
		}
		body := []byte("body")
		if err := k.check("question", body, k.sign("question", body)); err != nil {
			t.Error(err)
		}
		if k.check("answer", body, k.sign("question", body)) == nil || NewKey(append(secret, 'x')).check("question", body, k.sign("question", body)) == nil {
			t.Error("a signature is good for something else")
		}
		if len(secret) > 4 && strings.Contains(k.String()+k.GoString(), string(secret)) {
			t.Error("the key shows")
		}
	})
}

// Only mappings of the program itself that nobody can write to are given back.
func FuzzMappings(f *testing.F) {
	const program = "/usr/bin/oneha"
	for _, line := range []string{
		"00400000-00dd6000 r-xp 00000000 fd:00 123   /usr/bin/oneha", "00dd6000-01900000 r--p 009d6000 fd:00 123   /usr/bin/oneha",
		"01900000-01a00000 rw-p 01500000 fd:00 123   /usr/bin/oneha", "7ffd-7ffc r--p 0 0:0 0 /usr/bin/oneha", "-ffffffffffffffff r--p 0 0 0 /usr/bin/oneha", "c000000000-c000400000 rw-p 0 0 0",
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		from, to, ok := unchanged(line, program)
		if ok && (to <= from || !strings.Contains(line, program) || !strings.Contains(line, "-") || strings.Contains(strings.Fields(line)[1], "w")) {
			t.Errorf("%q is given back from %x to %x", line, from, to)
		}
	})
}
