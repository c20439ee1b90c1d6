package recovery

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files")

func TestExplain(t *testing.T) {
	for _, name := range []string{"boot", "boot_undeploy", "hotplug", "shutdown_poweroff", "prolog_migrate_unknown_failure", "epilog", "running", "poweroff", "cloning", "prolog_migrate_failure", "hotplug_snapshot", "disk_snapshot_revert_suspended", "hotplug_saveas_stopped", "restore"} {
		text := Explain(Named(name)[0])
		file := filepath.Join("testdata", "explain", name+".txt")
		if *update {
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), text); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// A person at a terminal of 100 columns can read every explanation.
func TestExplanationsAreNarrow(t *testing.T) {
	for _, s := range States {
		for line := range strings.Lines(Explain(s)) {
			if n := len(strings.TrimRight(line, "\n")); n > 100 {
				t.Errorf("%s: %d columns: %s", s.Name, n, line)
			}
		}
	}
}
