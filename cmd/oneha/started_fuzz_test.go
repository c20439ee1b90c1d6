package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// When a program was started: the name in /proc/PID/stat is whatever it chose, and no start
// is before the boot.
func FuzzStartOf(f *testing.F) {
	f.Add("oned", "S 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 9 0 123456 1 2")
	f.Add("a) S 1 (oned", "S")
	f.Add("oned", "S 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 9 0 9223372036854775807")
	f.Add("oned", "S 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 9 0 -1")
	stat := filepath.Join(f.TempDir(), "stat")
	f.Fuzz(func(t *testing.T, name, rest string) {
		at, ok := startOf([]byte("7 ("+name+") "+rest), "oned")
		whole := name + ") " + rest
		if ok && (at < 0 || whole[:strings.LastIndexByte(whole, ')')] != "oned") {
			t.Errorf("%q, %q was started %s after the boot", name, rest, at)
		}
		if err := os.WriteFile(stat, []byte(name+"\nbtime "+rest+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if boot, err := bootTime(stat); err == nil && boot.Before(time.Unix(0, 0)) {
			t.Errorf("the machine was started at %s", boot)
		}
	})
}
