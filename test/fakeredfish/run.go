package fakeredfish

import (
	"os"
	"path/filepath"
	"testing"
)

// Run runs a BMC until the test ends.
func Run(t testing.TB, o Options) *BMC {
	t.Helper()
	b, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// CAFile writes the certificate of the BMC's authority to a file of the test's.
func (b *BMC) CAFile(t testing.TB) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, b.CA, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
