package fence

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"time"
)

// Main runs an agent as a program and exits. It is the only function of the
// package that touches the process. A termination signal ends the action and
// closes the session with the device, within a second; a reader of the output
// that went away does not end a fencing.
//
// Exit code 2 says that a machine is off, and it is also what Go ends with on
// SIGQUIT and when a goroutine of a library panics. Here such a process dies of a
// signal instead. It leaves no core file behind, which would hold the password.
func Main(a Agent) {
	ForbidCore()
	debug.SetTraceback("crash")
	runtime.GOMAXPROCS(1) // an agent mostly waits: more would only hand the work to and fro, for about a tenth of its CPU time
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	env := SystemEnv()
	env.Args, env.Stdin, env.Stdout, env.Stderr, env.Getenv = os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv
	code := Run(ctx, a, env)
	stop()
	os.Exit(code)
}

// SystemEnv returns an Env with the clock, the syslog and the process number of
// the machine, for Main and for other programs that run an agent. Its input is
// empty, its output is lost and it has no variables.
func SystemEnv() Env {
	return Env{
		Pid:    os.Getpid(),
		Stdin:  strings.NewReader(""),
		Stdout: io.Discard,
		Stderr: io.Discard,
		Getenv: func(string) string { return "" },
		Now:    time.Now,
		Sleep:  sleep,
		Syslog: localSyslog("/dev/log"),
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// localSyslog returns a function that sends messages to the syslog socket at
// path, each over a socket of its own: there are few. It uses the system calls
// because package log/syslog waits while the journal is full.
func localSyslog(path string) func([]byte) error {
	return func(message []byte) error {
		fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_DGRAM, 0)
		if err != nil {
			return err
		}
		syscall.CloseOnExec(fd)
		if err = syscall.SetNonblock(fd, true); err == nil {
			err = syscall.Sendto(fd, message, 0, &syscall.SockaddrUnix{Name: path})
		}
		return errors.Join(err, syscall.Close(fd))
	}
}
