package ocf_test

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/oneha/oneha/ocf"
)

// asLamp makes the test binary behave as an agent whose start waits.
const asLamp = "OCF_TEST_AS_LAMP"

func TestMain(m *testing.M) {
	if os.Getenv(asLamp) != "" {
		l := &lamp{act: func(ctx context.Context, req *ocf.Request) error {
			req.Log.Info("waiting")
			<-ctx.Done()
			return ctx.Err()
		}}
		ocf.Main(l.agent(), os.Args[1:])
	}
	os.Exit(m.Run())
}

// TestProcess starts a real process as Pacemaker does, and ends it.
func TestProcess(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		cmd := exec.CommandContext(ctx, self, "start")
		cmd.Env = []string{asLamp + "=1", "GOCOVERDIR=" + t.TempDir(), socket + "=1", "OCF_RESOURCE_INSTANCE=desk"}
		stderr, err := cmd.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(stderr)
		if !lines.Scan() || !strings.HasSuffix(lines.Text(), "]: INFO: waiting") {
			t.Errorf("%s: first line %q", sig, lines.Text())
		}
		if err := cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		last := ""
		for lines.Scan() {
			last = lines.Text()
		}
		_ = cmd.Wait() // the code says it
		if code := cmd.ProcessState.ExitCode(); code != 1 || !strings.HasPrefix(last, "ocf-exit-reason:start cancelled after ") || !strings.Contains(last, sig.String()) {
			t.Errorf("%s: code %d, last line %q", sig, code, last)
		}
	}
}

// TestDeadReader has stderr's reader die: the call still ends by its own code.
func TestDeadReader(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	defer w.Close()
	log := filepath.Join(t.TempDir(), "ha.log")
	if err := os.WriteFile(log, []byte("before\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, self, "start")
	cmd.Env = []string{asLamp + "=1", "GOCOVERDIR=" + t.TempDir(), timeout + "=300", "HA_LOGFILE=" + log}
	cmd.Stderr = w
	_ = cmd.Run() // the code says it
	if code := cmd.ProcessState.ExitCode(); code != int(ocf.ConfiguredCode) {
		t.Errorf("ended with %s", cmd.ProcessState)
	}
	got, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	if text := string(got); !strings.HasPrefix(text, "before\n") || !strings.HasSuffix(text, "]: ERROR: parameter socket is required but not set\n") {
		t.Errorf("log file: %q", text)
	}
}
