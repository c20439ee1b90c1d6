package fence

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A password file gives its first line, or an error that has nothing of the file in it.
func FuzzPasswordFile(f *testing.F) {
	for _, text := range []string{"s3cret\n", "s3cret", "s3cret\r\nmore\n", "\n", "", " with blanks \n", strings.Repeat("x", 5000), "\x00\n", "\xff\xfe"} {
		f.Add([]byte(text))
	}
	file := filepath.Join(f.TempDir(), "password")
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		first, _, _ := strings.Cut(string(text[:min(len(text), maxSecret)]), "\n")
		first = strings.TrimRight(first, "\r")
		got, err := readPasswordFile(file)
		if (err != nil) != (first == "") || got.Reveal() != first {
			t.Fatalf("%q gives %q, %v", text, got.Reveal(), err)
		}
		if err != nil && strings.ContainsAny(err.Error(), "\r\n") {
			t.Errorf("error %q", err)
		}
	})
}
