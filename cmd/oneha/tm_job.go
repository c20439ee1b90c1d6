package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/vmha/recovery"
	"github.com/oneha/oneha/internal/vmha/transfer"
)

// transferJob is a transfer file with what is needed to work on it.
type transferJob struct {
	vm       one.VM         // the zero value when the file was named
	state    recovery.State // of it
	file     transfer.File
	progress *transfer.Progress
	fresh    bool // progress of another file was left there
	runner   transfer.Runner
	log      io.WriteCloser
	ask      func(ctx context.Context) (one.VM, error)
	recover  func(ctx context.Context, choice recovery.Choice) error
}

// logSuffix ends the name of the file beside a transfer file that has what was run and
// what it printed.
const logSuffix = ".oneha.log"

// openTransfer finds the transfer file that a command means and, unless it only looks,
// takes hold of it.
func (t tool) openTransfer(c *cli.Context, looks bool) (*transferJob, error) {
	job := &transferJob{}
	path := c.String("file")
	if path == "" {
		if err := job.find(c, &path); err != nil {
			return nil, err
		}
	}
	as, err := actor(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, failure{fmt.Errorf("there is no %s on this server: oned wrote it on the server that led then; run this there, or copy the file (%w)", path, err)}
	case err != nil:
		return nil, failure{err}
	}
	text, err := as.Read(path)
	if err != nil {
		return nil, failure{err}
	}
	file, findings := transfer.Parse(path, text)
	if findings.HasErrors() {
		t.print(findings)
		return nil, errFindings
	}
	job.file = file
	remotes := filepath.Join(c.String("var"), "remotes", "tm")
	job.runner = transfer.Runner{Remotes: remotes, As: as, Env: location(c.String("var")), Grace: 5 * time.Second}
	if err := notForOthers(as, remotes); err != nil {
		return nil, failure{err}
	}
	if looks { // at what may be in somebody else's hands at this moment
		if job.progress, job.fresh, err = transfer.PeekProgress(file, as); err != nil {
			return nil, failure{err}
		}
		return job, nil
	}
	if job.progress, job.fresh, err = transfer.ProgressOf(file, as); err != nil {
		return nil, failure{err}
	}
	if job.log, err = as.Log(path + logSuffix); err != nil {
		job.progress.Close()
		return nil, failure{err}
	}
	return job, nil
}

// location is the environment that scripts of a self-contained installation need.
func location(dir string) []string {
	abs, err := filepath.Abs(dir)
	if err != nil || filepath.Base(abs) != "var" {
		return nil
	}
	return []string{"ONE_LOCATION=" + filepath.Dir(abs)}
}

// notForOthers refuses to run as root what somebody else may write.
func notForOthers(as transfer.User, remotes string) error {
	if as.UID != 0 {
		return nil
	}
	info, err := os.Stat(remotes)
	if err != nil {
		return nil // then there is no script either
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); !ok || owner.Uid != 0 {
		return fmt.Errorf("the transfer file belongs to root, so the scripts in %s would run as root, and they belong to somebody else: give the file to oneadmin (chown oneadmin:)", remotes)
	}
	return nil
}

// find asks oned for the virtual machine that the command names.
func (job *transferJob) find(c *cli.Context, path *string) error {
	id, err := strconv.Atoi(c.Args().First())
	if err != nil || id < 0 {
		return fmt.Errorf("%q is no ID of a virtual machine: use a number as onevm list has it, or --file FILE", c.Args().First())
	}
	endpoint, err := one.ParseEndpoint(c.String("endpoint"))
	if err != nil {
		return fmt.Errorf("--endpoint %w", err)
	}
	credentials, err := one.ReadCredentials(c.String("credentials"))
	if err != nil {
		return failure{err}
	}
	job.ask = func(ctx context.Context) (one.VM, error) {
		ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
		defer cancel()
		return one.AskVM(ctx, endpoint, credentials, id)
	}
	job.recover = func(ctx context.Context, choice recovery.Choice) error {
		ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
		defer cancel()
		return one.RecoverVM(ctx, endpoint, credentials, id, int(choice))
	}
	if job.vm, err = job.ask(c.Context); err != nil {
		return failure{err}
	}
	job.state = recovery.Find(job.vm.State, job.vm.LCM)
	var ok bool
	if *path, ok = transfer.Path(filepath.Join(c.String("var"), "vms"), id, job.vm.Seq, job.vm.LCM); !ok || job.vm.State != recovery.Active {
		return failure{fmt.Errorf("virtual machine %d is in %s, which has no transfer to do again: oneha recover explain %s says what can be done", id, job.state.Name, job.state.Name)}
	}
	return nil
}

// actor is whom the scripts run as: the owner of the transfer file, as whom oned runs
// them.
func actor(path string) (transfer.User, error) {
	uid, gid, err := transfer.Owner(path)
	if err != nil {
		return transfer.User{}, err
	}
	who, err := user.LookupId(strconv.Itoa(int(uid)))
	if err != nil {
		return transfer.User{}, fmt.Errorf("%s: its owner: %w", path, err)
	}
	as := transfer.User{Name: who.Username, Home: who.HomeDir, UID: uid, GID: gid}
	switch me := os.Geteuid(); {
	case me == int(uid):
		return as, nil
	case me != 0:
		return transfer.User{}, fmt.Errorf("%s belongs to %s: run this as %s, or as root", path, who.Username, who.Username)
	}
	as.Become = true
	groups, err := who.GroupIds()
	if err != nil {
		return transfer.User{}, fmt.Errorf("the groups of %s: %w", who.Username, err)
	}
	for _, g := range groups {
		if n, err := strconv.ParseUint(g, 10, 32); err == nil {
			as.Groups = append(as.Groups, uint32(n))
		}
	}
	return as, nil
}

func (job *transferJob) close() {
	job.progress.Close()
	if job.log != nil {
		job.log.Close()
	}
}

// staleError says that what was to be run is not what is to be done any more.
type staleError struct{ error }

// still reports what has changed since the job was opened: an action of yesterday's file, or
// one beside oned's own driver, must not run.
func (job *transferJob) still(ctx context.Context) error {
	text, err := job.runner.As.Read(job.file.Name)
	switch {
	case err != nil:
		return err
	case !job.file.Same(text):
		return staleError{fmt.Errorf("oned wrote %s anew in the meantime: nothing was run; begin again", job.file.Name)}
	case job.ask == nil:
		return nil
	}
	now, err := job.ask(ctx)
	if err == nil && (now.State != job.vm.State || now.LCM != job.vm.LCM || now.Seq != job.vm.Seq) {
		err = staleError{fmt.Errorf("virtual machine %d is in %s by now, no more in %s: nothing was run", now.ID, recovery.Find(now.State, now.LCM).Name, job.state.Name)}
	}
	return err
}

// run runs action n, from 0, and notes how it ended. ok is whether its script said
// success.
func (job *transferJob) run(ctx context.Context, n int, output io.Writer) (result transfer.Result, ok bool, err error) {
	if err := job.still(ctx); err != nil {
		return transfer.Result{}, false, err
	}
	action := job.file.Actions[n]
	job.note("run %d: %s", n+1, action)
	job.runner.Output = io.MultiWriter(output, job.log)
	result, err = job.runner.Run(ctx, action)
	mark := transfer.Failed
	switch {
	case err != nil:
		job.note("%v", err)
	case result.Exit == 0:
		mark = transfer.OK
		job.note("success after %.1f s", result.Took.Seconds())
	default:
		job.note("%s: exit code %d after %.1f s", result.Script, result.Exit, result.Took.Seconds())
	}
	if noted := job.progress.Set(n, mark, time.Now()); noted != nil {
		return result, false, noted
	}
	return result, mark == transfer.OK, err
}

// skip counts action n as done without running it.
func (job *transferJob) skip(n int) error {
	job.note("skipped %d: %s", n+1, job.file.Actions[n])
	return job.progress.Set(n, transfer.Skipped, time.Now())
}

func (job *transferJob) note(format string, args ...any) {
	fmt.Fprintf(job.log, time.Now().Format("2006-01-02 15:04:05 ")+format+"\n", args...)
}

// ending says what follows when oned is told that all was done; "" without a virtual
// machine.
func (job *transferJob) ending() string {
	if job.ask == nil {
		return ""
	}
	return job.state.Outcome(recovery.Success).String()
}
