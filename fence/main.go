package fence

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Main runs an agent as a program and exits. It is the only function of the
// package that touches the process. A termination signal ends the action and
// closes the session with the device; a reader of the output that went away
// does not end a fencing.
func Main(a Agent) {
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	code := Run(ctx, a, Env{
		Args:   os.Args[1:],
		Stdin:  os.Stdin,
		Stdout: os.Stdout,
		Stderr: os.Stderr,
		Getenv: os.Getenv,
		Now:    time.Now,
		Sleep:  sleep,
	})
	stop()
	os.Exit(code)
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
