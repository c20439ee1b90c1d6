package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/user"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/oneha/oneha/cib"
	"github.com/oneha/oneha/internal/apply"
	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/pacemaker"
)

// changing is one run of apply or rollback: a change of the cluster's configuration,
// from looking at what is to saying what came of it.
type changing struct {
	tool
	tools pacemaker.Tools
	store apply.Store
	about apply.Saved // of the rollback file
	yes   bool
	json  bool
	wait  time.Duration

	before   pacemaker.Status
	live     []byte // the CIB as it was read
	corosync []byte // this node's corosync.conf, nil when there is none
	result   changed
}

// changed is what --json prints.
type changed struct {
	Changed   bool                       `json:"changed"`
	DryRun    bool                       `json:"dry_run,omitempty"`
	Changes   cib.Changes                `json:"changes,omitempty"`
	Secrets   int                        `json:"secrets_stored,omitempty"`
	Rollback  string                     `json:"rollback,omitempty"` // ID that brings back what was
	Settled   bool                       `json:"settled"`
	Waits     string                     `json:"waits_for,omitempty"`
	Resources []pacemaker.ResourceStatus `json:"resources,omitempty"`
	Failures  []pacemaker.FailedAction   `json:"failures,omitempty"` // new ones
	Error     string                     `json:"error,omitempty"`
}

func (t tool) changing(c *cli.Context, command string) *changing {
	run := &changing{tool: t, tools: t.pacemaker(), store: apply.Store{Dir: c.String("rollback-dir")},
		yes: c.Bool("yes"), json: c.Bool("json"), wait: c.Duration("wait")}
	if c.Bool("dry-run") {
		run.wait = 0
	}
	run.about = apply.Saved{Command: command, By: operator()}
	if host, err := fs.ReadFile(t.root, "proc/sys/kernel/hostname"); err == nil {
		run.about.Node = strings.TrimSpace(string(host))
	}
	return run
}

// operator is who runs this: the one behind sudo, too.
func operator() string {
	name := "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	if behind := os.Getenv("SUDO_USER"); behind != "" && behind != name {
		name += " (" + behind + ")"
	}
	return name
}

// text is where people read.
func (run *changing) text() io.Writer {
	if run.json {
		return run.stderr
	}
	return run.stdout
}

// look reads the cluster's state and CIB, and refuses what has no quorum and no DC.
func (run *changing) look(ctx context.Context) (err error) {
	fail := func(format string, args ...any) error {
		return failure{fmt.Errorf("nothing was changed: "+format, args...)}
	}
	if run.before, err = run.tools.Status(ctx); err != nil {
		return fail("%w", err)
	}
	switch {
	case run.before.DC == "":
		return fail("the cluster has no DC as this node sees it: wait until crm_mon shows one, or run this on a node of the part that has quorum")
	case !run.before.Quorum:
		return fail("this node's part of the cluster has no quorum: what is changed here would be lost or win by accident; run this where the quorum is, or mend the network first")
	}
	if settled, why := run.before.Settled(); !settled {
		fmt.Fprintf(run.stderr, "oneha: note: the cluster is at work: %s\n", why)
	}
	if run.live, err = run.tools.Query(ctx); err != nil {
		return fail("read CIB: %w", err)
	}
	_, text, err := run.readLocal(corosyncConf)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fail("read corosync.conf: %w", err)
	}
	run.corosync = text
	return nil
}

// show prints the plan.
func (run *changing) show(ctx context.Context, p planned) (err error) {
	if err := run.foresee(ctx, run.tools, &p); err != nil {
		if ctx.Err() != nil {
			return failure{errors.New("interrupted: nothing was changed")}
		}
		return err
	}
	if err := run.showPlan(ctx, run.text(), p); err != nil {
		return err
	}
	run.result.Changes = p.changes
	var gone []string
	for _, c := range p.changes {
		if c.Action == cib.Remove && wholeThings[c.Thing] {
			gone = append(gone, strings.TrimPrefix(c.Sentence, "removes "))
		}
	}
	if len(gone) > 0 {
		fmt.Fprintf(run.text(), "\nThe cluster has what the new configuration does not; it will be REMOVED:\n")
		for _, what := range gone {
			fmt.Fprintf(run.text(), "  - %s\n", what)
		}
	}
	return nil
}

// wholeThings are those whose loss is more than another setting of something else.
var wholeThings = map[cib.Thing]bool{
	cib.ThingProperty: true, cib.ThingResource: true, cib.ThingGroup: true, cib.ThingOrder: true,
	cib.ThingColocation: true, cib.ThingLocation: true, cib.ThingLevel: true, cib.ThingOther: true,
}

// nothing ends a run that found the configuration as it should be. A cluster that
// has not settled, perhaps because a run was killed before it said so, is waited for.
func (run *changing) nothing(ctx context.Context, said string) error {
	if run.result.Secrets > 0 {
		said += fmt.Sprintf("; %s stored on this node", diag.Count(run.result.Secrets, "password"))
	}
	fmt.Fprintln(run.text(), said)
	if settled, _ := run.before.Settled(); !settled && run.wait > 0 {
		return run.settle(ctx, run.live)
	}
	if idle := notRunning(run.before, run.live); len(idle) > 0 {
		fmt.Fprintf(run.stderr, "oneha: warning: not running: %s; oneha status says more\n", strings.Join(idle, ", "))
	}
	if !run.json {
		return nil
	}
	run.result.Settled, run.result.Waits = run.before.Settled()
	run.result.Resources = run.before.Resources
	return run.encode(run.result)
}

// dry ends a run that only shows.
func (run *changing) dry() error {
	fmt.Fprintln(run.text(), "\nnothing was changed: this was a dry run")
	if !run.json {
		return nil
	}
	run.result.DryRun = true
	return run.encode(run.result)
}

// ask has a person agree, unless --yes does. Its error means that nothing may be
// done.
func (run *changing) ask(ctx context.Context, question string) error {
	if run.yes {
		return nil
	}
	if !run.asks {
		return errors.New("nothing was changed: there is no terminal to ask on: use --yes")
	}
	fmt.Fprintf(run.stderr, "\n%s Type yes to go on: ", question)
	typed, err := run.readLine(ctx)
	if err != nil {
		fmt.Fprintln(run.stderr)
		return failure{fmt.Errorf("nothing was changed: %w", err)}
	}
	if !strings.EqualFold(typed, "yes") {
		return failure{fmt.Errorf("nothing was changed: %q is not yes", typed)}
	}
	return nil
}

// change keeps the old configuration, makes the change, waits and reports. wanted is
// what target makes of the CIB that was read.
func (run *changing) change(ctx context.Context, wanted []byte, target func([]byte) ([]byte, error), exact bool) error {
	if err := apply.HasRoom(apply.CIBDir, len(wanted)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return failure{fmt.Errorf("nothing was changed: %w", err)}
	}
	saved, err := run.store.Save(run.about, run.live, wanted)
	if err != nil {
		return failure{fmt.Errorf("nothing was changed: %w", err)}
	}
	pushed, err := apply.Transaction{
		Tools: run.tools, Read: run.live, Target: target, Exact: exact,
		Note: func(format string, args ...any) {
			fmt.Fprintf(run.stderr, "oneha: note: "+format+"\n", args...)
		},
	}.Push(ctx)
	run.result.Changed = pushed.Pushed
	switch unknown := errors.Is(err, apply.ErrUnknown); {
	case pushed.Pushed || unknown:
		run.result.Rollback = saved.ID
	default:
		run.store.Forget(saved)
	}
	if err != nil {
		return run.failed(err)
	}
	if pushed.Pushed {
		fmt.Fprintf(run.text(), "\nchanged: the cluster has the new configuration; oneha rollback brings the old one back (%s)\n", saved.ID)
	} else {
		fmt.Fprintln(run.text(), "\nnothing to change: somebody else has made the same change meanwhile")
	}
	return run.settle(ctx, pushed.After)
}

// failed reports a change that was not made, or not known to be.
func (run *changing) failed(err error) error {
	run.result.Error = err.Error()
	if run.json {
		if err := run.encode(run.result); err != nil {
			return err
		}
	}
	return failure{err}
}
