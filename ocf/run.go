package ocf

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"strings"
	"time"
)

// Run performs one call of the agent and returns the exit code. It reads the
// environment, checks the parameters, runs the action under a deadline, logs,
// and writes the exit reason to stderr.
//
// Required parameters and declared types are checked before every action but
// stop: an error there is ConfiguredCode. Before start and in validate-all the
// agent's own Validate follows. A stop must not fail because of parameters, for
// a failed stop has the node fenced: with a required parameter missing nothing
// can be running, so it succeeds with a warning; a malformed value of a typed
// parameter is replaced by the default, with a warning, and the action runs.
// A stop that returns NotRunning has succeeded.
//
// With OCF_RESKEY_CRM_meta_timeout the context ends a little earlier than
// Pacemaker's timer, which kills the whole process group without notice, so
// that the agent itself can still say what it was waiting for. An action that
// ended because its context did, and one that panicked, exit with GenericCode.
func Run(ctx context.Context, a Agent, env Env) Code {
	env = env.complete()
	if len(env.Args) != 1 {
		_, _ = io.WriteString(env.Stderr, a.usage())
		return ArgsCode
	}
	switch env.Args[0] {
	case MetaData:
		return output(env.Stdout, string(a.Metadata()))
	case "usage", "help", "--help", "-h":
		return output(env.Stdout, a.usage())
	}

	action := env.Args[0]
	if action == "status" { // the LSB's word for it, which IPaddr2 takes too
		action = Monitor
	}
	req := read(&a, action, env.Lookup)
	out := newSink(env, req)
	defer out.close()
	req.Log = slog.New(&handler{sink: out})

	started := env.Now()
	err := perform(ctx, req, env)
	req.Log.Debug("done", "action", req.Action, "code", int(CodeOf(err)), "took", env.Now().Sub(started).Round(time.Microsecond))
	return report(req, out, env, err)
}

// output writes text that was asked for; a reader that went away is an error.
func output(w io.Writer, text string) Code {
	if _, err := io.WriteString(w, text); err != nil {
		return GenericCode
	}
	return SuccessCode
}

// step is one function of an agent.
type step = func(context.Context, *Request) error

// perform finds out what to do, judges the request and does it.
func perform(ctx context.Context, req *Request, env Env) error {
	steps, err := stepsOf(req)
	if err != nil {
		return err
	}
	if req.Action == Stop {
		if p, ok := req.missing(); ok {
			req.Log.Warn("required parameter is not set, so nothing can be running", "parameter", p.Name)
			return nil
		}
		for _, err := range req.dropMalformed() {
			req.Log.Warn("using the default", "because", err)
		}
	} else {
		if err := req.checkParams(); err != nil {
			return err
		}
		if req.Action == Monitor || req.Action == ValidateAll {
			if err := checkDepth(env.get("OCF_CHECK_LEVEL")); err != nil {
				return err
			}
		}
	}
	err = underDeadline(ctx, req, env, steps)
	if req.Action == Stop && CodeOf(err) == NotRunningCode {
		req.Log.Info("already stopped", "because", err)
		return nil
	}
	return err
}

// stepsOf returns the agent's functions for the requested action, in order.
func stepsOf(req *Request) ([]step, error) {
	var steps []step
	if req.agent.Validate != nil && (req.Action == ValidateAll || req.Action == Start) {
		steps = append(steps, req.agent.Validate)
	}
	if req.Action == ValidateAll {
		return steps, nil
	}
	act, ok := req.agent.action(req.Action, req.Depth)
	if !ok {
		return nil, &Error{Code: UnimplementedCode, Reason: fmt.Sprintf("agent %s has no action %q", req.agent.Name, req.Action)}
	}
	return append(steps, act.Run), nil
}

// underDeadline takes the steps in the time that Pacemaker allows and explains
// an end that came from outside.
func underDeadline(parent context.Context, req *Request, env Env, steps []step) error {
	ctx, budget := parent, timeBudget(req.Timeout)
	if budget > 0 {
		var cancel context.CancelFunc
		ctx, cancel = withTimeout(parent, budget)
		defer cancel()
	}

	started := env.Now()
	err := recovered(ctx, req, steps)
	if err == nil || ctx.Err() == nil {
		return err
	}
	cut := errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
	if !cut && CodeOf(err) != GenericCode {
		return err // what was found out stands, the time notwithstanding
	}
	reason := fmt.Sprintf("%s cancelled after %s (%s)", req.Action, round(env.Now().Sub(started)), context.Cause(ctx))
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		reason = fmt.Sprintf("%s timed out after %s", req.Action, round(env.Now().Sub(started)))
		if budget > 0 && parent.Err() == nil {
			reason = fmt.Sprintf("%s timed out after %s of its %s", req.Action, round(budget), round(req.Timeout))
		}
	}
	if err == ctx.Err() { // the cause would only say it again
		return Failed(reason, nil)
	}
	return Failed(reason, err)
}

// timeBudget returns the part of the operation's timeout in which the action
// has to end; the rest is for reporting. 0 means no limit.
func timeBudget(timeout time.Duration) time.Duration {
	margin := min(max(timeout/20, 200*time.Millisecond), 5*time.Second)
	return timeout - min(margin, timeout/2)
}

// round shortens a time to what a person reads in a message.
func round(d time.Duration) time.Duration {
	if d < time.Second {
		return d.Round(time.Millisecond)
	}
	return d.Round(10 * time.Millisecond)
}

// recovered takes the steps up to the first error and turns a panic into one;
// the stack goes to the log, for the exit reason is one line.
func recovered(ctx context.Context, req *Request, steps []step) (err error) {
	defer func() {
		if v := recover(); v != nil {
			for line := range strings.Lines(string(debug.Stack())) {
				req.Log.Error(strings.TrimRight(line, "\n"))
			}
			err = Failed(fmt.Sprintf("%s panicked: %v; this is a bug in the agent, the stack is in the log", req.Action, v), nil)
		}
	}()
	for _, do := range steps {
		if err := do(ctx, req); err != nil {
			return err
		}
	}
	return nil
}
