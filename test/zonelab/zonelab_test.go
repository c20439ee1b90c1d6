package zonelab

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/oneha/oneha/test/fakezone"
	"github.com/oneha/oneha/test/lab/labtest"
)

// TestMachines does to the servers what a lab can do to them, and looks whether it
// happened.
func TestMachines(t *testing.T) {
	l, ctx := up(t, Options{Prefix: "zone-machines"})
	first, other, last := Name(0), Name(1), Name(2)
	sh := func(server, script string) string {
		t.Helper()
		return strings.TrimSpace(must[string](t)(l.Shell(ctx, server, script)))
	}
	gives := func(server, script, want string) {
		t.Helper()
		if got := sh(server, script); got != want {
			t.Errorf("%s: %s: %q, want %q", server, script, got, want)
		}
	}

	if r := must[Raft](t)(l.Raft(ctx, first)); r.State != fakezone.Solo || r.ServerID != -1 {
		t.Errorf("the first server is %+v, want one without a zone", r)
	}
	for _, from := range l.Servers() {
		for id, to := range l.Servers() {
			gives(from, "ssh "+to+" hostname; ssh "+Addr(id).String()+" id -un", to+"\nroot")
		}
	}
	const oned = "systemctl is-active opennebula || true"
	gives(first, oned, "active")
	gives(other, oned, "inactive")
	gives(other, "test -e /var/lib/one/.one/one_key || echo none; cat /etc/oneha/oneha.yaml 2>&1 | wc -l", "none\n1")
	gives(first, "stat -c '%U:%G %a' /etc/one/oned.conf /var/lib/one /var/lib/one/.one /var/lib/one/.one/one_auth",
		"root:oneadmin 640\noneadmin:oneadmin 755\noneadmin:oneadmin 700\noneadmin:oneadmin 600")
	gives(first, "ps -o user= -C oned", "oneadmin")

	// A power cut ends the machine and keeps its disk.
	sh(other, "echo kept >/root/note; sync")
	ok(t, l.Off(other))
	if _, err := l.Exec(ctx, other, "true"); err == nil {
		t.Error("a command runs on a server without power")
	}
	ok(t, l.On(ctx, other))
	gives(other, "cat /root/note", "kept")

	// A cut cable is no end of the machine.
	ok(t, l.Cut(other))
	gives(first, "ssh -o ConnectTimeout=2 "+other+" true 2>/dev/null; echo $?", "255")
	ok(t, l.Wait(ctx, "the end of the cable's signal", func(ctx context.Context) string {
		_, err := l.Shell(ctx, other, "ip link show dev eth0 | grep NO-CARRIER")
		return text(err)
	}))
	ok(t, l.Heal(other))
	ok(t, l.Wait(ctx, "ssh through the healed cable", func(ctx context.Context) string {
		_, err := l.Shell(ctx, first, "ssh -o ConnectTimeout=2 "+other+" true")
		return text(err)
	}))

	// A frozen machine neither answers nor ends.
	ok(t, l.Freeze(first))
	if _, err := l.Raft(ctx, first); err == nil {
		t.Error("a frozen oned answers")
	}
	ok(t, l.Thaw(first))
	ok(t, l.Wait(ctx, "an answer of the thawed oned", func(ctx context.Context) string {
		_, err := l.Raft(ctx, first)
		return text(err)
	}))

	// A server that was installed again has the packages, and nothing of before but
	// its name and sshd's key.
	ok(t, l.Reinstall(ctx, first))
	gives(first, "ls /var/lib/one/one.db /var/lib/one/.one/one_key 2>/dev/null | wc -l; "+oned, "0\ninactive")
	gives(last, "ssh "+first+" hostname", first)
	ok(t, l.Reinstall(ctx, other))
	gives(other, "test -e /root/note || echo gone", "gone")
}

// TestKilled kills the process that runs a zone: the next one with its name finds
// the place empty.
func TestKilled(t *testing.T) {
	labtest.NeedMachines(t)
	const prefix = "zone-killed"
	program := filepath.Join(t.TempDir(), "zonelab")
	if out, err := exec.Command("go", "build", "-o", program, "./cmd/zonelab").CombinedOutput(); err != nil {
		t.Fatalf("build command: %v\n%s", err, out)
	}
	var said bytes.Buffer
	cmd := exec.Command(program, "-prefix", prefix, "up")
	cmd.Stderr, cmd.SysProcAttr = &said, &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	ok(t, cmd.Start())
	ctx, cancel := labtest.Within(t)
	defer cancel()
	for {
		out, err := exec.CommandContext(ctx, program, "-prefix", prefix, "exec", Name(2), "systemctl", "is-system-running", "--wait").CombinedOutput()
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			t.Fatalf("the zone does not come up: %v: %s", err, out)
		}
		time.Sleep(100 * time.Millisecond)
	}
	ok(t, cmd.Process.Kill())
	_ = cmd.Wait() // it was killed; what it said is whole now
	if left, err := os.ReadDir("/run/oneha-lab-" + prefix); err != nil || len(left) == 0 {
		t.Fatalf("nothing is left to be removed (%v), so this test shows nothing:\n%s", err, said.String())
	}

	l, ctx := up(t, Options{Prefix: prefix})
	if got := must[string](t)(l.Shell(ctx, Name(0), "ssh "+Name(2)+" hostname")); got != Name(2)+"\n" {
		t.Errorf("the new zone's third server is called %q", got)
	}
}

// text is an error's text, "" for none.
func text(err error) string {
	if err == nil {
		return ""
	}
	return fmt.Sprint(err)
}
