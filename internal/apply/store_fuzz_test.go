package apply

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Whatever lies in the directory: what List names can be loaded or says why not, and what is
// loaded is a configuration.
func FuzzRollbackFile(f *testing.F) {
	saved := Store{Dir: f.TempDir(), Now: clock()}
	about, err := saved.Save(Saved{Command: "apply", By: "root", Node: "n", Description: `a "b" <&>`}, config("a &lt;&amp;"), config("b"))
	if err != nil {
		f.Fatal(err)
	}
	text, err := os.ReadFile(saved.path(about.ID))
	if err != nil {
		f.Fatal(err)
	}
	id := about.ID
	f.Add(text)
	f.Add(text[:len(text)/2])
	f.Add([]byte(`<oneha-rollback id="` + id + `" made="2026-05-17T03:15:00Z"><configuration/>` + "\n</oneha-rollback>"))
	f.Add([]byte(`<oneha-rollback id="` + id + `" made="2026-05-17T03:15:00Z"><x>` + "\n</oneha-rollback>" + `<configuration`))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text []byte) {
		s := Store{Dir: dir}
		if err := os.WriteFile(filepath.Join(dir, id+".xml"), text, 0o600); err != nil {
			t.Fatal(err)
		}
		all, err := s.List()
		if err != nil || len(all) > 1 || len(all) == 1 && all[0].ID != id {
			t.Fatalf("%+v, %v", all, err)
		}
		got, err := s.Load(id)
		if len(all) > 0 && err != nil {
			t.Errorf("%+v is listed, and %v", all[0], err)
		}
		if err == nil && (!bytes.HasPrefix(got, []byte("<configuration")) || !bytes.Contains(text, got)) {
			t.Errorf("%q holds %q", text, got)
		}
		for _, id := range []string{"", "../" + id, "x\x00", "/etc/passwd"} {
			if _, err := s.Load(id); err == nil {
				t.Errorf("%q is loaded", id)
			}
		}
	})
}

// A configuration that was replaced comes back as it was, to the byte.
func FuzzSave(f *testing.F) {
	f.Add("a", "apply", `a "b" <&>.yaml`)
	f.Add("&lt;&amp;&gt;", "rollback", "\x1b\n")
	f.Add("]]>", "", "\xff")
	f.Fuzz(func(t *testing.T, value, command, description string) {
		live := config(value)
		want, err := Configuration(live)
		if err != nil {
			return
		}
		s := Store{Dir: filepath.Join(t.TempDir(), "rollback"), Now: clock()}
		about, err := s.Save(Saved{Command: command, Description: description}, live, config("other"))
		if err != nil {
			if !strings.Contains(string(live), "\x00") && strings.Contains(err.Error(), "\x00") {
				t.Errorf("error %q", err)
			}
			return
		}
		got, err := s.Load(about.ID)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%q came back as %q, %v", want, got, err)
		}
		if all, err := s.List(); err != nil || len(all) != 1 || all[0].ID != about.ID || all[0].Before != about.Before {
			t.Errorf("%+v is listed as %+v, %v", about, all, err)
		}
	})
}
