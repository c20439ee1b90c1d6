package remote

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestUnreachable(t *testing.T) {
	for _, test := range []struct{ says, want string }{
		{"ssh: connect to host 192.0.2.1 port 22: Connection timed out\n", "Connection timed out"},
		{"root@192.0.2.1: Permission denied (publickey,password).\n", "without a password"},
		{"Host key verification failed.\r\n", "known_hosts"},
		{"", "the connection was lost"},
	} {
		h, dir := newFake(t, "root")
		if err := os.WriteFile(filepath.Join(dir, "down"), []byte(test.says), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := h.Run(bounded(t), "true")
		if !errors.Is(err, ErrUnreachable) || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "server-1 (root@192.0.2.1)") {
			t.Errorf("ssh said %q, we say: %v", test.says, err)
		}
	}
}

// A connection that breaks in the middle of a command is no success and no exit code.
func TestConnectionBreaks(t *testing.T) {
	h, dir := newFake(t, "root")
	if err := os.WriteFile(filepath.Join(dir, "cut"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	now := filepath.Join(dir, "now")
	_, err := h.Run(bounded(t), "sh", "-c", `echo out; : > "$1"; exec sleep 20`, "sh", now)
	if !errors.Is(err, ErrUnreachable) {
		t.Errorf("got %v", err)
	}
}

// A file whose content did not come whole is not put in place.
func TestHalfAFile(t *testing.T) {
	h, _ := newFake(t, "root")
	dir := t.TempDir()
	path := filepath.Join(dir, "conf")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := h.Stream(bounded(t), bytes.NewReader([]byte("ha")), nil, "sh", "-c", writeScript, "sh", path, "4", "", "", "")
	if err == nil || !strings.Contains(err.Error(), "only 2 of 4 bytes") {
		t.Errorf("got %v", err)
	}
	if data, _ := os.ReadFile(path); string(data) != "old" {
		t.Errorf("the file holds %q", data)
	}
	only(t, dir, "conf")
}

// The deadline ends what runs there even when nobody is left here to do it.
func TestDeadlineIsKnownThere(t *testing.T) {
	h := &sshHost{name: "x", user: "root"}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for _, test := range []struct {
		ctx  context.Context
		user string
		low  int
		high int
	}{{ctx, "root", 58, 60}, {context.Background(), "admin", 6 * 3600, 6*3600 + 1}} {
		h.user = test.user
		command := h.command(test.ctx, "t0ken", []string{"cat", "a b"})
		_, after, _ := strings.Cut(command, "timeout -k 2 ")
		word, _, _ := strings.Cut(after, " ")
		if n, err := strconv.Atoi(word); err != nil || n < test.low || n > test.high {
			t.Errorf("no timeout of %d to %d s in %s", test.low, test.high, command)
		}
		if strings.HasPrefix(command, "sudo -n sh -c ") != (test.user == "admin") {
			t.Errorf("as %s: %s", test.user, command)
		}
	}
}

// ssh may never ask, and its socket is in a directory of ours that goes away.
func TestOptions(t *testing.T) {
	h, dir := newFake(t, "admin")
	stale := filepath.Join(dir, controlPrefix+"2147483646-1") // no process has this id
	if err := os.Mkdir(stale, 0o700); err != nil {
		t.Fatal(err)
	}
	_, _ = h.Run(bounded(t), "true") // there may be no sudo here
	text, err := os.ReadFile(filepath.Join(dir, "argv"))
	if err != nil {
		t.Fatal(err)
	}
	argv := strings.Split(string(text), "\n")
	for _, want := range []string{"BatchMode=yes", "ConnectTimeout=10", "ControlMaster=auto", "admin", "192.0.2.1"} {
		if !slices.Contains(argv, want) {
			t.Errorf("no %s in %q", want, argv)
		}
	}
	at := slices.IndexFunc(argv, func(s string) bool { return strings.HasPrefix(s, "ControlPath=") })
	control := filepath.Dir(strings.TrimPrefix(argv[at], "ControlPath="))
	info, err := os.Stat(control)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("control directory: %v, %v", info, err)
	}
	if err := h.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	for _, path := range []string{control, stale} {
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			t.Errorf("%s is left", path)
		}
	}
	if err := h.Close(); err != nil {
		t.Errorf("close again: %v", err)
	}
}

// What is taken for an option is no address, wherever it came from.
func TestNames(t *testing.T) {
	for _, test := range []struct{ user, addr string }{{"root", "-oProxyCommand=touch"}, {"root", ""}, {"root", "a b"}, {"-x", "192.0.2.1"}, {"root", "a\nb"}} {
		h := SSH("server-1", test.user, test.addr)
		if _, err := h.Run(bounded(t), "true"); err == nil || errors.Is(err, ErrUnreachable) || !strings.Contains(err.Error(), "no address of a machine") {
			t.Errorf("%q at %q: %v", test.user, test.addr, err)
		}
		if err := h.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
}

// Whoever logs in runs commands as themselves with Login, and as root with SSH.
func TestLogin(t *testing.T) {
	for plain, want := range map[bool]bool{true: false, false: true} {
		h := &sshHost{name: "server-1", user: "oneadmin", addr: "192.0.2.1", plain: plain}
		if got := strings.HasPrefix(h.command(bounded(t), "token", []string{"true"}), "sudo -n sh"); got != want {
			t.Errorf("plain %t: %s", plain, h.command(bounded(t), "token", []string{"true"}))
		}
	}
}
