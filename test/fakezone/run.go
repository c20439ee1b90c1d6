package fakezone

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Config is what a server is told beside its oned.conf.
type Config struct {
	Location string // ONE_LOCATION
	Load     time.Duration
	Open     time.Duration
	WarmUp   time.Duration
	Stop     time.Duration
	Seed     uint64
	Retries  []time.Duration // the first waits between rounds of an election; random after them
	Born     time.Time       // when the warm-up begins; zero: after Load
	Without  []Deviation
	Leash    bool // end when standard input does, so that a killed test leaves no server
}

func (c Config) left(d Deviation) bool { return slices.Contains(c.Without, d) }

// flags are the arguments for ParseFlags.
func (c Config) flags() []string {
	args := []string{"-location", c.Location, "-load", c.Load.String(), "-open", c.Open.String(), "-warm-up", c.WarmUp.String(),
		"-stop", c.Stop.String(), "-seed", fmt.Sprint(c.Seed), "-leash=" + fmt.Sprint(c.Leash)}
	if !c.Born.IsZero() {
		args = append(args, "-born", c.Born.Format(time.RFC3339Nano))
	}
	for _, d := range c.Retries {
		args = append(args, "-retry", d.String())
	}
	for _, d := range c.Without {
		args = append(args, "-without", string(d))
	}
	return args
}

// ParseFlags reads the arguments of the program; texts for the user go to out.
func ParseFlags(args []string, out io.Writer) (Config, error) {
	var c Config
	real := Real()
	f := flag.NewFlagSet("fakezone", flag.ContinueOnError)
	f.SetOutput(out)
	f.StringVar(&c.Location, "location", "", "ONE_LOCATION: the directory with etc and var")
	f.DurationVar(&c.Load, "load", real.Load, "from the start to Raft's")
	f.DurationVar(&c.Open, "open", real.Open, "from the start to the port")
	f.DurationVar(&c.WarmUp, "warm-up", real.WarmUp, "before the first election timeout")
	f.DurationVar(&c.Stop, "stop", real.Stop, "from SIGTERM to the end")
	f.Uint64Var(&c.Seed, "seed", 0, "of random waits")
	f.BoolVar(&c.Leash, "leash", false, "end when standard input ends")
	f.Func("born", "time at which the warm-up begins (RFC 3339)", func(s string) (err error) {
		c.Born, err = time.Parse(time.RFC3339Nano, s)
		return err
	})
	f.Func("retry", "wait before the next round of an election, once for each; random after them", func(s string) error {
		d, err := time.ParseDuration(s)
		c.Retries = append(c.Retries, d)
		return err
	})
	f.Func("without", "leave out one of what OpenNebula was seen to do wrong; see Deviation", func(s string) error {
		c.Without = append(c.Without, Deviation(s))
		if !Deviation(s).known() {
			return fmt.Errorf("use one of %v", Deviations)
		}
		return nil
	})
	if err := f.Parse(args); err != nil {
		return Config{}, err
	}
	if f.NArg() > 0 || c.Location == "" {
		return Config{}, errors.New("parse arguments: want -location DIR and options")
	}
	return c, nil
}

// Run is a server until ctx ends. It keeps oned's order: the lock, the database,
// Raft, the port; at the end the port closes at once, and then the rest.
func Run(ctx context.Context, c Config) (err error) {
	started := time.Now()
	in := func(name string) string { return filepath.Join(c.Location, name) }
	if err := os.MkdirAll(filepath.Dir(in(LockFile)), 0o755); err != nil {
		return fmt.Errorf("make directory of lock: %w", err)
	}
	lock, err := os.OpenFile(in(LockFile), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return errors.New("Error: Cannot start oned, opening lock file " + in(LockFile)) // oned's words
	}
	if err != nil {
		return fmt.Errorf("open lock file: %w", err)
	}
	defer func() { err = errors.Join(err, lock.Close(), os.Remove(in(LockFile))) }()
	j, done, err := openJournal(in(LogFile), in(EventsFile))
	if err != nil {
		return err
	}
	defer done()
	j.event(0, "process", "%d", os.Getpid())
	defer j.event(0, "stop", "done")
	conf, err := readConf(c.Location)
	if err != nil {
		return err
	}
	session, err := readSession(in(AuthFile))
	if err != nil {
		return err
	}
	store, err := conf.db.Open()
	if err != nil {
		return err
	}
	db, err := loadDatabase(store, conf.serverID)
	if err != nil {
		return err
	}
	if !pause(ctx, c.Load-time.Since(started)) {
		return nil
	}
	s := newServer(c, conf, db, store, session, j)
	raft := make(chan struct{})
	go func() { defer close(raft); s.run(ctx) }()
	if pause(ctx, c.Open-time.Since(started)) {
		err = s.serve(ctx)
	}
	j.event(0, "stop", "begins")
	stopping := time.Now()
	if ctx.Err() != nil || err == nil {
		<-raft // a candidate without a majority stays here
	}
	pause(context.WithoutCancel(ctx), c.Stop-time.Since(stopping))
	return err
}

// serve answers until ctx ends; then it closes the port and all connections at once.
func (s *server) serve(ctx context.Context) error {
	l, err := net.Listen("tcp", s.conf.listen)
	if err != nil {
		return fmt.Errorf("open port: %w", err)
	}
	s.journal.event(s.term(), "port", "open")
	srv := &http.Server{Handler: s.handler(), ReadHeaderTimeout: 10 * time.Second}
	defer context.AfterFunc(ctx, func() { _ = srv.Close() })()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	s.journal.event(s.term(), "port", "closed")
	return nil
}

func (s *server) term() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.db.Term
}

func openJournal(logFile, eventsFile string) (journal, func(), error) {
	const flags = os.O_WRONLY | os.O_CREATE | os.O_APPEND
	l, err := os.OpenFile(logFile, flags, 0o644)
	if err != nil {
		return journal{}, nil, fmt.Errorf("open log: %w", err)
	}
	e, err := os.OpenFile(eventsFile, flags, 0o644)
	if err != nil {
		_ = l.Close()
		return journal{}, nil, fmt.Errorf("open events: %w", err)
	}
	return journal{log.New(l, "", 0), e}, func() { _, _ = l.Close(), e.Close() }, nil
}

// readSession reads the first line of a one_auth file.
func readSession(file string) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read credentials: %w", err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	if !strings.Contains(line, ":") {
		return "", fmt.Errorf("read credentials: the first line of %s is not user:password", file)
	}
	return strings.TrimSpace(line), nil
}

// Leash kills this process when r ends, and all that it started with it stays.
func Leash(r io.Reader) {
	_, _ = io.Copy(io.Discard, r)
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
}
