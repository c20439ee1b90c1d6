package fence

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// Secret is a text that must not be shown. Printed by any verb, on its own or
// deep inside another value, it reads "[secret]" or an address; only Reveal gives
// it away. The zero Secret is empty.
type Secret struct {
	text *string // a pointer, because fmt does not ask the methods of unexported fields
}

// NewSecret returns a Secret.
func NewSecret(text string) Secret { return Secret{&text} }

// Reveal returns the text, for the device that it is meant for.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

const masked = "[secret]"

// Format writes the mask, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, masked) }

// String returns the mask.
func (s Secret) String() string { return masked }

// MarshalText returns the mask, for encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte(masked), nil }

// maxSecret bounds what is read from a password file or script, in bytes.
const maxSecret = 4096

// readPasswordFile returns the first line of a file that only its owner may
// access, who is root or the user that runs the agent. A password that others can read is not used, so that the mistake
// shows when the device is set up and not when it leaks.
func readPasswordFile(name string) (Secret, error) {
	// Non-blocking: opening a named pipe must not hang.
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return Secret{}, fmt.Errorf("read password_file: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return Secret{}, fmt.Errorf("read password_file: %w", err)
	case !info.Mode().IsRegular():
		return Secret{}, fmt.Errorf("password_file %s is not a regular file", name)
	case info.Mode().Perm()&0o077 != 0:
		return Secret{}, fmt.Errorf("password_file %s is accessible to others (mode %04o): run chmod 600 %s", name, info.Mode().Perm(), name)
	case !ours(info):
		return Secret{}, fmt.Errorf("password_file %s belongs to another user: run chown root %s", name, name)
	}
	line, err := bufio.NewReader(io.LimitReader(f, maxSecret)).ReadString('\n')
	if err != nil && err != io.EOF {
		return Secret{}, fmt.Errorf("read password_file: %w", err)
	}
	line = strings.TrimRight(line, "\r\n")
	if line == "" {
		return Secret{}, fmt.Errorf("password_file %s: its first line is empty, write the password there", name)
	}
	return NewSecret(line), nil
}

// ours reports whether a file belongs to root or to the user that runs the
// agent.
func ours(info os.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return !ok || stat.Uid == 0 || int(stat.Uid) == os.Geteuid()
}

// checkScript refuses a password_script that starts with the path of a program
// which somebody else may change: he would be whoever runs the agent. Other
// commands are the shell's business.
func checkScript(script string) error {
	name := strings.Fields(script + " ;")[0]
	info, err := os.Stat(name)
	switch {
	case !strings.HasPrefix(name, "/") || err != nil: // the shell will say what is wrong
		return nil
	case info.Mode().Perm()&0o022 != 0:
		return fmt.Errorf("password_script %s may be changed by others (mode %04o): run chmod go-w %s", name, info.Mode().Perm(), name)
	case !ours(info):
		return fmt.Errorf("password_script %s belongs to another user: run chown root %s", name, name)
	}
	return nil
}

// runPasswordScript returns what a shell command prints, without trailing white
// space. The shell reads the command from a pipe, so that a password written in
// it does not show in the list of processes. The command and its children are
// killed when the context ends.
func runPasswordScript(ctx context.Context, script string) (Secret, error) {
	source, feed, err := os.Pipe()
	if err != nil {
		return Secret{}, fmt.Errorf("run password_script: %w", err)
	}
	defer source.Close() // which ends the goroutine, if the shell did not read it all
	go func() {
		_, _ = io.WriteString(feed, script+"\n") // what is missing makes the command fail
		feed.Close()
	}()
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, "/bin/sh", "/proc/self/fd/3")
	cmd.ExtraFiles = []*os.File{source}
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"}
	cmd.Stdout = &limitedWriter{buf: &out, left: maxSecret}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second // a child that left the process group may still hold the pipe
	err = cmd.Run()
	password := strings.TrimRight(out.String(), " \t\r\n")
	switch {
	case ctx.Err() != nil:
		return Secret{}, errors.New("password_script did not end within login_timeout: make it faster or raise login_timeout")
	case err != nil:
		return Secret{}, fmt.Errorf("run password_script: %w; run it by hand to see why", err)
	case password == "":
		return Secret{}, errors.New("password_script printed nothing: it must print the password")
	}
	return NewSecret(password), nil
}

// limitedWriter refuses more than it was told to take, which ends the command
// that writes to it.
type limitedWriter struct {
	buf  *bytes.Buffer
	left int
}

func (w *limitedWriter) Write(p []byte) (int, error) {
	if len(p) > w.left {
		return 0, errors.New("too much output")
	}
	w.left -= len(p)
	return w.buf.Write(p)
}
