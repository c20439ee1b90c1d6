package main

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/events"
	"github.com/oneha/oneha/ocf"
)

func TestAlert(t *testing.T) {
	vars := map[string]string{"CRM_alert_kind": "node", "CRM_alert_node": "n1", "CRM_alert_desc": "lost", "CRM_alert_timestamp_epoch": "1795366384", "CRM_alert_timestamp_usec": "213929"}
	get := func(name string) string { return vars[name] }
	log := events.Log{Dir: t.TempDir()}
	var stderr bytes.Buffer
	if code := alert(get, "n2", log, &stderr); code != 0 || stderr.Len() > 0 {
		t.Fatalf("exit code %d, %s", code, stderr.String())
	}
	text, err := os.ReadFile(filepath.Join(log.Dir, events.File))
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"time":"2026-11-22T16:53:04.213929Z","host":"n2","from":"pacemaker","what":"node-lost","subject":"n1","text":"lost"}` + "\n"; string(text) != want {
		t.Errorf("the log is\n%s want\n%s", text, want)
	}
	// Pacemaker only logs an alert that fails; the reason has to be in what it logs.
	log.Dir = filepath.Join(log.Dir, "no", "such")
	if code := alert(get, "n2", log, &stderr); code != 0 || !strings.Contains(stderr.String(), "alert_oneha: event log: ") {
		t.Errorf("without a directory: exit code %d, %q", code, stderr.String())
	}
	stderr.Reset()
	vars = map[string]string{"CRM_alert_kind": "resource", "CRM_alert_rsc": "oned", "CRM_alert_desc": "Cancelled"}
	if code := alert(get, "n2", log, &stderr); code != 0 || stderr.Len() > 0 {
		t.Errorf("what says nothing: exit code %d, %q", code, stderr.String())
	}
}

// Under its own name it is the alert agent; called by a person it says who calls it.
func TestAlertByItsName(t *testing.T) {
	code, stdout, stderr := run(t, events.AlertName)
	if code != int(ocf.ArgsCode) || stdout != "" || !strings.Contains(stderr, "pcs alert create") {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}

// An event that cannot be written is a line in the agent's log.
func TestRecordFails(t *testing.T) {
	var log bytes.Buffer
	req := &ocf.Request{Log: slog.New(slog.NewTextHandler(&log, nil))}
	nowhere := events.Log{Dir: filepath.Join(t.TempDir(), "no", "such")}
	record(nowhere, "n2")(req, events.Event{Time: time.Now(), What: events.Begun})
	if !strings.Contains(log.String(), "the event is not written down") {
		t.Errorf("log %q", log.String())
	}
	if os.Geteuid() != 0 {
		return // only root makes directories
	}
	log.Reset()
	prepare(nowhere)(req)
	if !strings.Contains(log.String(), "events will not be written down") {
		t.Errorf("log %q", log.String())
	}
}
