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

// maxSecret bounds what is read from a password file or script, in bytes.
const maxSecret = 4096

// readPasswordFile returns the first line of a file that only its owner may
// access. A password that others can read is not used, so that the mistake
// shows when the device is set up and not when it leaks.
func readPasswordFile(name string) (string, error) {
	// Non-blocking: opening a named pipe must not hang.
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return "", fmt.Errorf("read password_file: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return "", fmt.Errorf("read password_file: %w", err)
	case !info.Mode().IsRegular():
		return "", fmt.Errorf("password_file %s is not a regular file", name)
	case info.Mode().Perm()&0o077 != 0:
		return "", fmt.Errorf("password_file %s is accessible to others (mode %04o): run chmod 600 %s", name, info.Mode().Perm(), name)
	}
	line, err := bufio.NewReader(io.LimitReader(f, maxSecret)).ReadString('\n')
	if err != nil && err != io.EOF {
		return "", fmt.Errorf("read password_file: %w", err)
	}
	line = strings.TrimRight(line, "\r\n")
	if line == "" {
		return "", fmt.Errorf("password_file %s: its first line is empty, write the password there", name)
	}
	return line, nil
}

// runPasswordScript returns what a shell command prints, without trailing white
// space. The command and its children are killed when the context ends.
func runPasswordScript(ctx context.Context, script string) (string, error) {
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", script)
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"}
	cmd.Stdout = &limitedWriter{buf: &out, left: maxSecret}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second // a child that left the process group may still hold the pipe
	err := cmd.Run()
	password := strings.TrimRight(out.String(), " \t\r\n")
	switch {
	case ctx.Err() != nil:
		return "", errors.New("password_script did not end within login_timeout: make it faster or raise login_timeout")
	case err != nil:
		return "", fmt.Errorf("run password_script: %w; run it by hand to see why", err)
	case password == "":
		return "", errors.New("password_script printed nothing: it must print the password")
	}
	return password, nil
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
