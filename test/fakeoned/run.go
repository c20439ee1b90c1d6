package fakeoned

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"
)

// Config is what a fake is told.
type Config struct {
	Role     string        // "oned", or another service of the front-end
	Listen   string        // address and port
	Endpoint string        // oned's XML-RPC, for the other services
	Auth     string        // oned only, as all below: see AuthFile
	Shared   string        // see SharedDir
	Lock     string        // see LockFile
	Node     string        // the machine's name in the database
	StopTime time.Duration // from SIGTERM to the end; the real one takes 7 to 8 s
}

// ParseFlags reads the arguments of the program. hostname is the default of
// -node; texts for the user go to out.
func ParseFlags(args []string, hostname string, out io.Writer) (Config, error) {
	var c Config
	f := flag.NewFlagSet("fakeoned", flag.ContinueOnError)
	f.SetOutput(out)
	f.StringVar(&c.Role, "role", "oned", "what to stand for: "+strings.Join(slices.Sorted(maps.Keys(roles)), ", "))
	f.StringVar(&c.Listen, "listen", "", "address:port to listen on (default: every address, the role's port)")
	f.StringVar(&c.Endpoint, "endpoint", "http://127.0.0.1:2633/RPC2", "XML-RPC of oned, for the other roles")
	f.StringVar(&c.Auth, "auth", AuthFile, "file with user:password")
	f.StringVar(&c.Shared, "shared", SharedDir, "database directory, shared by all nodes")
	f.StringVar(&c.Lock, "lock", LockFile, "lock file")
	f.StringVar(&c.Node, "node", hostname, "name of this machine")
	f.DurationVar(&c.StopTime, "stop-time", 300*time.Millisecond, "time that an orderly end takes")
	if err := f.Parse(args); err != nil {
		return Config{}, err
	}
	if f.NArg() > 0 {
		return Config{}, fmt.Errorf("parse arguments: %q is not an option", f.Arg(0))
	}
	role, known := roles[c.Role]
	if !known {
		return Config{}, fmt.Errorf("parse arguments: no role %q: use one of %s", c.Role, strings.Join(slices.Sorted(maps.Keys(roles)), ", "))
	}
	if c.Listen == "" {
		c.Listen = ":" + role.port
	}
	return c, nil
}

// Run is the fake until ctx ends. It calls ready with the address once the port
// answers. A nil error is an orderly end.
func Run(ctx context.Context, c Config, ready func(net.Addr), log *log.Logger) error {
	if c.Role == "oned" {
		return runOned(ctx, c, ready, log)
	}
	return serve(ctx, c.Listen, roles[c.Role].handler(c.Endpoint), ready)
}

// runOned keeps oned's order: the lock, the database, the port; and at the end
// the port closes at once, but the database is in use until the process is gone.
func runOned(ctx context.Context, c Config, ready func(net.Addr), log *log.Logger) (err error) {
	session, err := readSession(c.Auth)
	if err != nil {
		return err
	}
	lock, err := os.OpenFile(c.Lock, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return fmt.Errorf("open lock file: %w: remove it if no oned runs", err)
	}
	defer func() {
		gone := os.Remove(c.Lock)
		if errors.Is(gone, fs.ErrNotExist) { // somebody took it for stale; oned would not mind
			gone = nil
		}
		err = errors.Join(err, lock.Close(), gone)
	}()
	db, err := OpenDatabase(c.Shared, c.Node)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()

	serving, stopServing := context.WithCancel(ctx)
	defer stopServing()
	writing, stopWriting := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWriting()
	written := make(chan error, 1)
	go func() {
		written <- db.Run(writing, log)
		stopServing() // no database, no oned
	}()
	err = serve(serving, c.Listen, rpcHandler(session), ready)
	if err == nil && ctx.Err() != nil {
		time.Sleep(c.StopTime)
	}
	stopWriting()
	return errors.Join(err, <-written)
}

// serve answers on address until ctx ends; then it closes the port and all
// connections at once.
func serve(ctx context.Context, address string, h http.Handler, ready func(net.Addr)) error {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("open port: %w", err)
	}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = srv.Close() })
	defer stop()
	ready(l.Addr())
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve %s: %w", address, err)
	}
	return nil
}

// readSession reads the first line of a one_auth file.
func readSession(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read credentials: %w", err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	if line = strings.TrimSpace(line); !strings.Contains(line, ":") {
		return "", fmt.Errorf("read credentials: the first line of %s is not user:password", path)
	}
	return line, nil
}
