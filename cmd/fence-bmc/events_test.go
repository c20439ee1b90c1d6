package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/oneha/oneha/fence"
	"github.com/oneha/oneha/internal/events"
)

func TestRecord(t *testing.T) {
	at := time.Date(2026, 11, 22, 17, 1, 21, 982599000, time.UTC)
	log := events.Log{Dir: t.TempDir()}
	tell := record("fence_bmc_ipmi", "n2", log, func(err error) { t.Error(err) })
	tell(fence.Change{Time: at, Stage: fence.Begun, Action: fence.ActionReboot, Node: "n1"})
	tell(fence.Change{Time: at, Stage: fence.Seen, Action: fence.ActionReboot, Want: fence.Off, Node: "n1"})
	tell(fence.Change{Time: at, Stage: fence.Failed, Action: fence.ActionOff, Node: "n1", Err: errors.New("no route to 10.3.5.20")})
	text, err := os.ReadFile(filepath.Join(log.Dir, events.File))
	if err != nil {
		t.Fatal(err)
	}
	const begin = `{"time":"2026-11-22T17:01:21.982599Z","host":"n2","from":"fence_bmc_ipmi","what":"power-`
	want := begin + `begun","subject":"n1","action":"reboot"}` + "\n" + begin + `seen","subject":"n1","action":"off"}` + "\n" +
		begin + `failed","subject":"n1","action":"off","text":"no route to 10.3.5.20"}` + "\n"
	if string(text) != want {
		t.Errorf("the log is\n%swant\n%s", text, want)
	}

	failed := 0
	record("a", "h", events.Log{Dir: filepath.Join(log.Dir, "no", "such")}, func(error) { failed++ })(fence.Change{Stage: fence.Begun})
	if failed != 1 {
		t.Errorf("%d failures are told, want 1", failed)
	}
}

// Every stage has a name in the log.
func TestStages(t *testing.T) {
	for _, s := range []fence.Stage{fence.Begun, fence.Asked, fence.Seen, fence.Failed} {
		if stages[s] == "" {
			t.Errorf("%s has none", s)
		}
	}
}
