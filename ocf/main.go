package ocf

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// Main runs the agent with the process's environment and exits with its code.
// It is the one place of the package that touches the process; args are the
// arguments after the program's name. In an action that changes something,
// SIGTERM and SIGINT cancel the context; one that only looks they end at once.
func Main(a Agent, args []string) {
	ctx, stop := context.Background(), func() {}
	if len(args) == 1 && !looksOnly(args[0]) {
		ctx, stop = signal.NotifyContext(ctx, syscall.SIGTERM, os.Interrupt)
		// A log line to a reader that died must not kill a stop half-way: a caught
		// SIGPIPE makes the write fail instead.
		signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	}
	code := Run(ctx, a, Env{
		Args:    args,
		Lookup:  os.LookupEnv,
		Stdout:  os.Stdout,
		Stderr:  os.Stderr,
		Pid:     os.Getpid(),
		Syslog:  localSyslog("/dev/log"),
		LogFile: appendTo,
	})
	stop()
	os.Exit(int(code))
}

// looksOnly reports whether an action changes nothing, so that it may end
// anywhere. It then does without signal handlers: they cost a tenth of the monitor
// that runs every few seconds for years.
func looksOnly(action string) bool {
	switch action {
	case Monitor, "status", ValidateAll, MetaData, "usage", "help":
		return true
	}
	return false
}

// appendTo opens a log file as the shell's >> does; the umask has the last word
// on the mode of a new one.
func appendTo(path string) (io.WriteCloser, error) {
	return os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640)
}

// localSyslog returns a function that sends messages to the syslog socket at
// path. It uses the system calls because package log/syslog blocks while the
// journal is full, and brings package net.
func localSyslog(path string) func([]byte) error {
	fd := -1
	return func(message []byte) error {
		if fd < 0 {
			s, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_DGRAM, 0)
			if err != nil {
				return err
			}
			syscall.CloseOnExec(s)
			if err := syscall.SetNonblock(s, true); err != nil {
				return errors.Join(err, syscall.Close(s))
			}
			fd = s
		}
		return syscall.Sendto(fd, message, 0, &syscall.SockaddrUnix{Name: path})
	}
}
