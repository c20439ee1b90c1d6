package fence

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"
)

// Env is all that a run sees of the world.
type Env struct {
	Args   []string // without the program's name
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
	Getenv func(string) string
	Now    func() time.Time
	Sleep  func(context.Context, time.Duration) error // returns early, with an error, when the context ends
}

// maxInput bounds standard input, in bytes.
const maxInput = 1 << 20

// Run carries out one call of an agent and returns its exit code: 0 done (and
// status: on), 1 failed, 2 status: off. It ends soon after the context does.
func Run(ctx context.Context, a Agent, env Env) int {
	log := &logger{stderr: env.Stderr, now: env.Now}
	t := newTable(&a)
	in, err := readInput(ctx, t, env)
	req := newRequest(t, in, log)
	closeDebug := req.setUpLog(in)
	defer closeDebug()
	if err != nil {
		log.fail(err)
		return 1
	}
	for _, w := range in.warnings {
		log.warn("%s", w)
	}
	code, err := run(ctx, &a, req, env)
	if err != nil {
		log.fail(err)
		return 1
	}
	return code
}

func run(ctx context.Context, a *Agent, req *Request, env Env) (int, error) {
	switch {
	case req.Bool("help"):
		writeHelp(env.Stdout, a, req.table)
		return 0, nil
	case req.Bool("version"):
		fmt.Fprintln(env.Stdout, a.Version)
		return 0, nil
	case req.Action == ActionMetadata, req.Action == ActionManpage:
		writeMetadata(env.Stdout, a, req.table)
		return 0, nil
	case req.Action == ActionList, req.Action == ActionListStatus:
		return 0, nil // the device does not know the cluster's name of its one machine
	}
	if err := req.readPassword(ctx); err != nil {
		return 1, err
	}
	if req.Host() == "" {
		return 1, errors.New("ip is not set: give the address of the fencing device")
	}
	if a.Validate != nil {
		if err := a.Validate(req); err != nil {
			return 1, err
		}
	}
	if req.Action == ActionValidateAll {
		return 0, nil
	}
	c := &control{
		session: session{agent: a, req: req},
		stdout:  env.Stdout,
		log:     req.log,
		env:     env,
		fenced:  env.Getenv("PCMK_service") == "pacemaker-fenced",
	}
	defer c.close(ctx)
	return c.run(ctx)
}

// readInput takes the command line when there is one, else standard input, as
// clusters use it.
func readInput(ctx context.Context, t *table, env Env) (input, error) {
	if len(env.Args) > 0 {
		return parseArgs(t, env.Args)
	}
	type result struct {
		text []byte
		err  error
	}
	done := make(chan result, 1)
	go func() { // a read cannot be cancelled; it ends with the process at the latest
		text, err := io.ReadAll(io.LimitReader(env.Stdin, maxInput+1))
		done <- result{text, err}
	}()
	select {
	case <-ctx.Done():
		return input{}, errors.New("read standard input: interrupted")
	case r := <-done:
		switch {
		case r.err != nil:
			return input{}, fmt.Errorf("read standard input: %w", r.err)
		case len(r.text) > maxInput:
			return input{}, fmt.Errorf("read standard input: more than %d bytes", maxInput)
		}
		return parseStdin(t, string(r.text))
	}
}

func newRequest(t *table, in input, log *logger) *Request {
	req := &Request{table: t, values: in.values, log: log}
	req.Action = req.String("action")
	req.Node = req.String("nodename")
	for _, o := range t.options {
		if o.Secret {
			log.hide(req.String(o.Name))
		}
	}
	return req
}

// setUpLog applies the output options and returns what ends the debug file.
func (r *Request) setUpLog(in input) func() {
	level := in.verbose
	if r.Given("verbose_level") {
		level = r.Int("verbose_level")
	}
	r.log.verbose, r.log.quiet = level > 0, r.Bool("quiet")
	name := r.String("debug_file")
	if name == "" {
		return func() {}
	}
	// Non-blocking: opening a named pipe must not hang.
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY|syscall.O_NONBLOCK, 0o600)
	if err != nil {
		r.log.warn("debug_file is not written: %v", err)
		return func() {}
	}
	r.log.debug = f
	return func() { f.Close() }
}

// readPassword finds the password in the safest place that was given. Only
// actions that log in run the script.
func (r *Request) readPassword(ctx context.Context) error {
	file, script := r.String("password_file"), r.String("password_script")
	var err error
	switch {
	case file != "":
		r.password, err = readPasswordFile(file)
	case script != "" && r.Action == ActionValidateAll:
	case script != "":
		s := session{req: r}
		ctx, cancel := context.WithTimeout(ctx, s.limit("login_timeout"))
		defer cancel()
		r.password, err = runPasswordScript(ctx, script)
	default:
		r.password = r.String("password")
	}
	r.log.hide(r.password)
	return err
}
