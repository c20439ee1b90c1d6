package confedit

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// samples are the forty files: the shipped forms of fourteen releases and of the other
// files in the grammar, and what people make of them.
func samples(t testing.TB) map[string]string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join("testdata", "*.conf"))
	if err != nil || len(names) != 40 {
		t.Fatalf("there are %d samples, want 40: %v", len(names), err)
	}
	all := map[string]string{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(name)] = string(text)
	}
	return all
}

// values are what an administrator may write, and worse.
var values = []string{
	"", "0", "-1", "2633", "eth0", "10.3.4.2/24", "raft/vip.sh", "leader eth0 10.3.4.2/24", "a,b", "x = y", "# no comment", "[ ]", "two\nlines",
	`say "a"`, `"`, `\`, `c:\d e`, `\"`, "it's", "’", "\t", " around ", "]", "==", "a#b", "\r", "a\r", "a\r\nb",
}

// places are where a sample has a value: the first of its name, or chosen by its NAME.
func places(f *File) [][]string {
	var all [][]string
	for _, a := range f.All() {
		if !a.Vector {
			all = append(all, []string{a.Name})
			continue
		}
		name := a.Name
		for _, k := range a.Keys {
			if k.Name == "NAME" && !strings.ContainsAny(k.Value, "]") {
				name += "[NAME=" + k.Value + "]"
				break
			}
		}
		for _, k := range a.Keys {
			if k.Name != "NAME" {
				all = append(all, []string{name, k.Name})
			}
		}
	}
	return all
}

func TestRoundTrip(t *testing.T) {
	for name, text := range samples(t) {
		f, findings := Parse(name, []byte(text))
		if findings.HasErrors() || string(f.Bytes()) != text || len(f.Edits()) > 0 {
			t.Errorf("%s: %v, %d edits", name, findings, len(f.Edits()))
		}
	}
}

// An edit of a value changes the bytes of the value, is read back, does nothing the
// second time, and is undone to the byte.
func TestValueEdits(t *testing.T) {
	count := 0
	for name, text := range samples(t) {
		random := rand.New(rand.NewPCG(7, uint64(len(text))))
		read := parsed(t, text)
		for _, path := range places(read) {
			p, _ := parsePath(path)
			a, ok := read.find(p)
			if !ok {
				t.Fatalf("%s: %v is not there", name, path)
			}
			at := read.core(a)
			for range 2 {
				value := values[random.IntN(len(values))]
				f := parsed(t, text)
				if err := f.Set(value, path...); err != nil {
					t.Fatalf("%s: set %v to %q: %v", name, path, value, err)
				}
				count++
				got := string(f.Bytes())
				if !strings.HasPrefix(got, text[:at.from]) || !strings.HasSuffix(got, text[at.to:]) {
					t.Fatalf("%s: set %v to %q: other bytes changed", name, path, value)
				}
				again := parsed(t, got)
				if is, _ := again.Get(path...); is != value {
					t.Fatalf("%s: set %v to %q, but it is %q", name, path, value, is)
				}
				if !slices.EqualFunc(again.all, read.with(p, value), means) {
					t.Fatalf("%s: set %v to %q: others changed", name, path, value)
				}
				if err := again.Set(value, path...); err != nil || string(again.Bytes()) != got || len(again.Edits()) > 0 {
					t.Fatalf("%s: set %v to %q twice: %v", name, path, value, err)
				}
				for _, back := range []string{values[random.IntN(len(values))], a.Value} {
					if err := f.Set(back, path...); err != nil {
						t.Fatalf("%s: set %v back: %v", name, path, err)
					}
				}
				if string(f.Bytes()) != text || len(f.Edits()) > 0 {
					t.Fatalf("%s: set %v to %q and back: %v", name, path, value, f.Edits())
				}
			}
		}
	}
	t.Logf("%d edits", count)
	if count < 5000 {
		t.Errorf("only %d edits were tried", count)
	}
}

// What is added comes between the bytes that were there.
func TestAdditions(t *testing.T) {
	for name, text := range samples(t) {
		read := parsed(t, text)
		check := func(what string, value string, path []string, add func(*File) error) {
			f := parsed(t, text)
			if err := add(f); err != nil {
				t.Errorf("%s: add %s: %v", name, what, err)
				return
			}
			got := f.Bytes()
			if !within(text, string(got)) {
				t.Errorf("%s: add %s: bytes are gone", name, what)
			}
			again := parsed(t, string(got))
			if is, _ := again.Get(path...); is != value {
				t.Errorf("%s: add %s: it is %q", name, what, is)
			}
			if len(again.all) < len(read.all) || len(comments(string(got))) != len(comments(text)) {
				t.Errorf("%s: add %s: an attribute or a comment is gone", name, what)
			}
			if err := add(again); err != nil || !bytes.Equal(again.Bytes(), got) || len(again.Edits()) > 0 {
				t.Errorf("%s: add %s twice: %v", name, what, err)
			}
		}
		for _, path := range places(read) {
			if len(path) == 2 {
				path = []string{path[0], "ADDED"}
				check(path[0]+" ADDED", "a b", path, func(f *File) error { return f.Set("a b", path...) })
			}
		}
		check("ADDED", "x", []string{"ADDED"}, func(f *File) error { return f.Set("x", "ADDED") })
		check("ADDED_VECTOR", "2", []string{"ADDED_VECTOR", "B"}, func(f *File) error {
			return f.SetVector("ADDED_VECTOR", Pair{"A", "x y"}, Pair{"B", "2"})
		})
	}
}

// What makes a server one of a Raft zone changes the lines of it and none else, whatever
// the file, and can be taken back.
func TestRaftServer(t *testing.T) {
	for name, text := range samples(t) {
		f := parsed(t, text)
		raft := func() error {
			for _, role := range []string{"leader", "follower"} {
				hook := "RAFT_" + strings.ToUpper(role) + "_HOOK"
				if err := f.SetVector(hook, Pair{"COMMAND", "/usr/bin/x"}, Pair{"ARGUMENTS", role + " eth0 10.3.4.2/24"}); err != nil {
					return err
				}
			}
			if err := f.SetVector("RAFT", Pair{"LIMIT_PURGE", "100000"}, Pair{"ELECTION_TIMEOUT_MS", "5000"}, Pair{"XMLRPC_TIMEOUT_MS", "1000"}); err != nil {
				return err
			}
			return f.Set("1", "FEDERATION", "SERVER_ID")
		}
		if err := raft(); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		was := lines(text)
		for _, line := range lines(string(f.Bytes())) {
			if i := slices.Index(was, line); i >= 0 {
				was = slices.Delete(was, i, i+1)
			}
		}
		for _, line := range was {
			if strings.Trim(line, "# \t\r]") != "" && !strings.Contains(line, "PURGE") && !strings.Contains(line, "_HOOK") && !strings.Contains(strings.ToUpper(line), "SERVER_ID") &&
				!strings.Contains(line, "COMMAND") && !strings.Contains(line, "ARGUMENTS") && !strings.Contains(strings.ToUpper(line), "TIMEOUT_MS") && !strings.Contains(line, "RAFT") {
				t.Errorf("%s: this line is gone: %q", name, line)
			}
		}
		if shipped := strings.HasPrefix(name, "oned-"); shipped && strings.Contains(string(f.Bytes()), "# RAFT_LEADER_HOOK = [") {
			t.Errorf("%s: the hook was not taken out of its comment", name)
		}
		f = parsed(t, string(f.Bytes()))
		if err := raft(); err != nil || len(f.Edits()) > 0 {
			t.Errorf("%s: the second time: %v, %v", name, err, f.Edits())
		}
		for _, hook := range []string{"RAFT_LEADER_HOOK", "RAFT_FOLLOWER_HOOK"} {
			if err := f.Remove(hook); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if _, ok := f.Get(hook, "COMMAND"); ok {
				t.Errorf("%s: %s is still there", name, hook)
			}
		}
	}
}

// What is removed takes no other bytes along, and no comment.
func TestRemovals(t *testing.T) {
	for name, text := range samples(t) {
		read := parsed(t, text)
		for _, path := range places(read) {
			f := parsed(t, text)
			err := f.Remove(path...)
			if err != nil {
				if string(f.Bytes()) != text {
					t.Errorf("%s: %v, but the text changed", name, err)
				}
				if !strings.Contains(err.Error(), "only key") && !strings.Contains(err.Error(), "say which") {
					t.Errorf("%s: %v", name, err)
				}
				continue
			}
			got := string(f.Bytes())
			if _, ok := parsed(t, got).Get(path...); ok {
				t.Errorf("%s: %v is still there", name, path)
			}
			// A blank may come between a value and a carriage return.
			if !within(strings.ReplaceAll(got, " \r", "\r"), text) {
				t.Errorf("%s: remove %v: bytes were added", name, path)
			}
			if was, is := comments(text), comments(got); !slices.Equal(was, is) && path[0] != "F" { // which has its value behind a #
				t.Errorf("%s: remove %v: a comment changed", name, path)
			}
		}
	}
}

// within reports whether the bytes of a are in b, in this order.
func within(a, b string) bool {
	i := 0
	for j := 0; i < len(a) && j < len(b); j++ {
		if a[i] == b[j] {
			i++
		}
	}
	return i == len(a)
}

// comments finds the comments by means of its own.
func comments(text string) []string {
	var all []string
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			for i++; i < len(text) && (text[i] != '"' || text[i-1] == '\\'); i++ {
			}
		case '#':
			end := i
			for end < len(text) && text[end] != '\n' {
				end++
			}
			all = append(all, strings.TrimRight(text[i:end], "\r"))
			i = end
		}
	}
	return all
}

func lines(text string) []string { return strings.Split(text, "\n") }

// Whatever the text, it is read without harm, and a mistake has a place.
func FuzzParse(f *testing.F) {
	for _, text := range samples(f) {
		f.Add([]byte(text))
	}
	for _, m := range mistakes {
		f.Add([]byte(m.text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		file, findings := Parse("x", text)
		if !bytes.Equal(file.Bytes(), text) || len(file.Edits()) > 0 {
			t.Fatal("reading changed the text")
		}
		for _, finding := range findings {
			if finding.Line < 1 || finding.Line > bytes.Count(text, []byte("\n"))+1 || finding.Column < 1 || finding.What == "" || finding.Fix == "" {
				t.Fatalf("%#v", finding)
			}
		}
		end := 0
		for _, a := range file.all {
			if a.name.from < end || a.name.to > a.sign || a.raw.from <= a.sign || a.raw.to < a.raw.from || a.raw.to > len(text) {
				t.Fatalf("%+v begins before %d", a, end)
			}
			end = a.raw.to
		}
		if err := file.Set("1", "X"); (err != nil) != findings.HasErrors() && err == nil {
			t.Fatal("a file that was refused is edited")
		}
	})
}

// Whatever the text and the edit, it is made as told, or refused with nothing changed.
func FuzzEdit(f *testing.F) {
	for _, text := range samples(f) {
		if len(text) < 2000 {
			f.Add(text, "RAFT_LEADER_HOOK", "COMMAND", "x y", byte(0))
		}
	}
	f.Add("FEDERATION = [\n A = 1, # c\n B = \"2\" ]\r\n# X = 1\n", "FEDERATION", "A", "x", byte(1))
	f.Add("A =\r\nB = 1\n", "A", "", "x", byte(0))
	f.Fuzz(func(t *testing.T, text, name, key, value string, op byte) {
		file, findings := Parse("x", []byte(text))
		path := []string{name}
		if key != "" {
			path = append(path, key)
		}
		was, had := file.Get(path...)
		before := file.All()
		var err error
		switch op % 3 {
		case 0:
			err = file.Set(value, path...)
		case 1:
			err = file.Remove(path...)
		case 2:
			err = file.SetVector(name, Pair{key, value}, Pair{"FUZZ", "1"})
		}
		if err != nil {
			if string(file.Bytes()) != text || len(file.Edits()) > 0 {
				t.Fatalf("%v, but %q", err, file.Bytes())
			}
			return
		}
		again, after := Parse("x", file.Bytes())
		if findings.HasErrors() || after.HasErrors() {
			t.Fatalf("%v, %v", findings, after)
		}
		got, ok := again.Get(path...)
		switch op % 3 {
		case 0:
			if !ok || got != value || len(again.all)-len(before) > 1 {
				t.Fatalf("set %q, got %q, %v in %q", value, got, ok, file.Bytes())
			}
			if err := again.Set(value, path...); err != nil || len(again.Edits()) > 0 {
				t.Fatalf("again: %v, %v", err, again.Edits())
			}
			if had {
				if err := file.Set(was, path...); err != nil || string(file.Bytes()) != text {
					t.Fatalf("back: %v\n%q\n%q", err, text, file.Bytes())
				}
			}
		case 1:
			if ok {
				t.Fatalf("it is still there in %q", file.Bytes())
			}
		case 2:
			if got, _ := again.Get(name, key); got != value && !strings.EqualFold(key, "FUZZ") {
				t.Fatalf("set %q, got %q in %q", value, got, file.Bytes())
			}
		}
	})
}

func ExampleFile_Edits() {
	f, _ := Parse("oned.conf", []byte("FEDERATION = [\n    SERVER_ID     = -1, # alone\n    MASTER_ONED   = \"\"\n]\n"))
	if err := f.Set("0", "FEDERATION", "SERVER_ID"); err != nil {
		fmt.Println(err)
	}
	for _, e := range f.Edits() {
		fmt.Println(e)
	}
	fmt.Printf("%s", f.Bytes())
	// Output:
	// oned.conf:2: FEDERATION SERVER_ID: was "-1", is "0"
	// FEDERATION = [
	//     SERVER_ID     = 0, # alone
	//     MASTER_ONED   = ""
	// ]
}
