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
	Pid    int
	Args   []string // without the program's name
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
	Getenv func(string) string
	Now    func() time.Time
	Sleep  func(context.Context, time.Duration) error // returns early, with an error, when the context ends
	Syslog func([]byte) error                         // takes one message of RFC 3164, without waiting; nil for none
}

// maxInput bounds standard input, in bytes.
const maxInput = 1 << 20

// Run carries out one call of an agent and returns its exit code: 0 done (and
// status: on), 1 failed, 2 status: off. It ends soon after the context does. A
// fault of the program is a failure too: Go would end with 2, which says off.
func Run(ctx context.Context, a Agent, env Env) (code int) {
	log := &logger{stderr: env.Stderr, syslog: env.Syslog, tag: fmt.Sprintf("%s[%d]", a.Name, env.Pid), now: env.Now}
	defer func() {
		if p := recover(); p != nil {
			log.fail(fault(p))
			code = 1
		}
	}()
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
	req.logOptions()
	code, err = run(ctx, &a, req, env)
	if err != nil {
		log.fail(err)
		return 1
	}
	return code
}

// noNames is what list and list-status have to say. It goes to standard error:
// the cluster would take any word on standard output for the name of a machine.
const noNames = "the device does not know by which name the cluster calls its machine: set pcmk_host_list or pcmk_host_map"

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
		req.log.warn("%s", noNames)
		return 0, nil
	}
	fenced := env.Getenv("PCMK_service") == "pacemaker-fenced"
	switch {
	case fenced && !req.Given("action"):
		return 1, errors.New("no action is given, which the cluster never does: the input may be cut off; the default action, reboot, is not assumed")
	case fenced && req.Action == ActionDiag:
		return 1, errors.New("diag is refused as an action of the cluster: a diagnostic interrupt switches nothing off, so it does not fence; remove diag from the device's pcmk_*_action")
	}
	if err := req.prepare(ctx, a); err != nil {
		return 1, err
	}
	if req.Action == ActionValidateAll {
		return 0, nil
	}
	c := &control{
		session: session{agent: a, req: req, pause: env.Sleep, offers: offersOf(req.Action, fenced)},
		stdout:  env.Stdout,
		log:     req.log,
		env:     env,
		fenced:  fenced,
	}
	defer c.close(ctx)
	return c.run(ctx)
}

// prepare checks what a device needs and reads the password, all before the
// device is contacted.
func (r *Request) prepare(ctx context.Context, a *Agent) error {
	if r.Host() == "" {
		return errors.New("ip is not set: give the address of the fencing device")
	}
	if err := r.checkLogin(a.Login); err != nil {
		return err
	}
	if err := r.readPassword(ctx); err != nil {
		return err
	}
	if a.Validate != nil {
		return a.Validate(r)
	}
	return nil
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
	req := &Request{table: t, values: in.values, secrets: in.secrets, log: log, answers: &answers{}}
	req.Action = req.String("action")
	req.Node = req.String("nodename")
	return req
}

// logOptions writes what was given. A secret is a Secret here and prints as one.
func (r *Request) logOptions() {
	for _, o := range r.table.options {
		switch {
		case !r.Given(o.Name):
		case o.Secret:
			r.Logf("option %s=%s", o.Name, r.Secret(o.Name))
		default:
			r.Logf("option %s=%s", o.Name, r.String(o.Name))
		}
	}
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
