package packages

import (
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	code := m.Run()
	for _, dir := range built {
		_ = os.RemoveAll(dir) // temporary, should it stay
	}
	os.Exit(code)
}
