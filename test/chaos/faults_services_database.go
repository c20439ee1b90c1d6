package chaos

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/oneha/oneha/test/fakeoned"
)

// Directories of the switch of the database: for all nodes, and for one alone.
const (
	everyNode  = fakeoned.SharedDir
	activeNode = fakeoned.ModeDir
)

// setDatabase is a command that switches the database, on the active node.
func setDatabase(dir string, mode fakeoned.Mode) string {
	file := dir + "/" + fakeoned.ModeName
	return fmt.Sprintf("echo %s >%[2]s.new; mv %[2]s.new %[2]s", mode, file)
}

// freeDatabase is a command that gives the database back. A node's own switch wins over
// that of all nodes, so none may stay.
func freeDatabase(dir string) string { return "rm -f " + dir + "/" + fakeoned.ModeName }

// databaseFor switches the database for some time, and waits until oned answers again.
func (r *Round) databaseFor(ctx context.Context, dir string, mode fakeoned.Mode, d time.Duration) error {
	r.undoOn(r.Active, freeDatabase(dir))
	if err := r.sh(ctx, r.Active, setDatabase(dir, mode)); err != nil {
		return err
	}
	since := time.Now().Add(5 * time.Second) // an answer may be on its way
	if err := lasts(ctx, d); err != nil {
		return err
	}
	back := time.Now()
	if err := r.sh(ctx, r.Active, freeDatabase(dir)); err != nil {
		return err
	}
	if answers := r.Oned.Answers(since); len(answers) > 0 && answers[0].Before(back) {
		return errors.New("oned answered while it had no database, so nothing was tried")
	}
	_, err := r.Oned.WaitAnswer(ctx, back)
	return err
}

// databaseAway takes the database away for longer than some monitors' intervals.
// Pacemaker is to do nothing about it: oned recovers by itself (decision 9).
func databaseAway(dir string) func(context.Context, *Round) (Want, error) {
	return func(ctx context.Context, r *Round) (Want, error) {
		want := Want{Active: r.Active.Name}
		same, err := r.undisturbed(ctx)
		if err != nil {
			return want, err
		}
		if err := r.databaseFor(ctx, dir, fakeoned.Away, r.between(20*time.Second, 75*time.Second)); err != nil {
			return want, err
		}
		return want, same(ctx)
	}
}

// databaseHangs has the database take requests without answering for some time. Where a
// deep monitor falls into that time oned is started again, whose start waits for the
// database as well; else nothing happens. It never moves: there it would hang, too.
func databaseHangs(ctx context.Context, r *Round) (Want, error) {
	return Want{Active: r.Active.Name, Failures: []string{"oned_"}}, r.databaseFor(ctx, everyNode, fakeoned.Hung, r.between(15*time.Second, 70*time.Second))
}

// databaseAwayOnedKilled has oned die while no node has the database: it fails to start
// on all of them, and Pacemaker tries no more until the failures are cleaned up. Where it
// runs then is Pacemaker's choice, since all nodes have failed alike.
func databaseAwayOnedKilled(ctx context.Context, r *Round) (Want, error) {
	want := Want{Failures: []string{"oned_"}}
	r.undoOn(r.Active, freeDatabase(everyNode)+"; crm_resource --cleanup --resource oned")
	if err := r.sh(ctx, r.Active, setDatabase(everyNode, fakeoned.Away)+"; "+signal("KILL", onedUnit)); err != nil {
		return want, err
	}
	for _, n := range r.Cluster.Nodes {
		err := r.wait(ctx, "oned to fail on "+n.Name, func(ctx context.Context) bool {
			status, err := r.Cluster.Status(ctx)
			return err == nil && slices.ContainsFunc(status.Failures, func(f string) bool { return strings.HasPrefix(f, "oned_start_0 on "+n.Name+":") })
		})
		if err != nil {
			return want, err
		}
	}
	return want, nil
}
