package chaos

import (
	"context"
	"slices"

	"github.com/oneha/oneha/test/scenario"
)

// serviceFaults are of oned and of what it needs.
var serviceFaults = []Fault{
	{Name: "oned killed", Fields: anyField, Do: breakOned("oned killed")},
	{Name: "oned stopped by hand", Fields: anyField, Do: breakOned("oned stopped by hand")},
	{Name: "oned hangs", Fields: anyField, Do: breakOned("oned frozen")},
	{Name: "port of oned taken while it restarts", Fields: anyField, Do: breakOned("its port taken by another program")},
	{Name: "oned takes long to start", Fields: anyField, Do: startSlowly},
	{Name: "oned ignores SIGTERM", Fields: anyField, Do: ignoreTerm},
	{Name: "oned cannot be stopped", Fields: anyField, Do: refuseStop},
	{Name: "database away", Fields: anyField, Do: databaseAway(everyNode)},
	{Name: "database away from the active node", Fields: anyField, Do: databaseAway(activeNode)},
	{Name: "oned killed while its database is away", Fields: anyField, Do: databaseAwayOnedKilled},
	{Name: "database hangs", Fields: anyField, Do: databaseHangs},
	{Name: "side service killed", Fields: anyField, Do: sideKilled},
	{Name: "side service hangs", Fields: anyField, Do: sideHangs},
	{Name: "side service killed too often", Fields: anyField, Do: sideRests},
	{Name: "oned killed on a full disk", Fields: anyField, Do: onBadDisk(diskFull)},
	{Name: "oned killed on a read-only disk", Fields: anyField, Do: onBadDisk(diskReadOnly)},
	{Name: "active node hangs while the disks of the others are full", Fields: anyField, Do: toBadDisk(diskFull)},
	{Name: "active node hangs while the disks of the others are read-only", Fields: anyField, Do: toBadDisk(diskReadOnly)},
}

// breakOned does one of scenario.Faults, after which oned recovers on the same node
// unless a restart there cannot help.
func breakOned(name string) func(context.Context, *Round) (Want, error) {
	return func(ctx context.Context, r *Round) (Want, error) {
		f := scenario.Faults[slices.IndexFunc(scenario.Faults, func(f scenario.Fault) bool { return f.Name == name })]
		want := Want{Active: r.Active.Name, Failures: []string{"oned_"}}
		if f.Undo != "" {
			r.undoOn(r.Active, f.Undo)
		}
		if err := r.sh(ctx, r.Active, f.Cause); err != nil {
			return want, err
		}
		err := r.foundAnswers(ctx, f.Found)
		if err == nil && f.Moves {
			want.Active, err = r.moved(ctx)
		}
		return want, err
	}
}
