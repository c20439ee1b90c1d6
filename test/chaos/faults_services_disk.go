package chaos

import (
	"context"

	"github.com/oneha/oneha/test/lab"
)

// badDisk is a way in which a node's disk fails while the node lives. The directory in
// which corosync keeps the number of its ring is spared: corosync ends when a new
// membership cannot be written there, so such a node is no member any more, and cannot
// take over.
type badDisk struct{ do, undo string }

// onDisk are the places to which the cluster software and our agents write on a disk: logs,
// the log of events, the configuration, what oneha keeps.
const onDisk = "/var/log /var/lib/pacemaker /var/lib/oneha"

// diskFull puts a small file system, which is full, over these places, and over those for
// the state of agents and for temporary files. What is there can still be read.
var diskFull = badDisk{
	do: `full=/run/full
mkdir $full
mount -t tmpfs -o size=64k full $full
for d in ` + onDisk + ` /run/resource-agents /tmp; do
	[ -d $d ] || continue
	mkdir -p $full/upper$d $full/work$d
	mount -t overlay -o lowerdir=$d,upperdir=$full/upper$d,workdir=$full/work$d full $d
done
cat /dev/zero >$full/file 2>/dev/null || [ -s $full/file ]`,
	undo: `rm -f /run/full/file
awk '$1 == "full" && $3 == "overlay" { print $2 }' /proc/mounts | while read d; do umount -l $d; done
if mountpoint -q /run/full; then umount -l /run/full; fi
if [ -d /run/full ]; then rmdir /run/full; fi`,
}

// diskReadOnly has the kernel refuse writes to the same places, as it does when it has
// found an error on the disk. What has a file open already can still write to it.
var diskReadOnly = badDisk{
	do: `for d in ` + onDisk + `; do
	[ -d $d ] || continue
	mount --bind $d $d
	mount -o remount,bind,ro $d
done`,
	undo: `for d in ` + onDisk + `; do
	if mountpoint -q $d; then umount -l $d; fi
done`,
}

// spoil does it to a node until the fault is over, and looks that nothing can be written.
func (r *Round) spoil(ctx context.Context, n *lab.Node, d badDisk) error {
	r.undoOn(n, d.undo)
	return r.sh(ctx, n, d.do+`
if (echo much >/var/log/oneha/more) 2>/dev/null; then echo "the disk takes writes" >&2; exit 1; fi`)
}

// onBadDisk has oned die on an active node that cannot write anything down: it is started
// again there, and nothing else fails.
func onBadDisk(d badDisk) func(context.Context, *Round) (Want, error) {
	return func(ctx context.Context, r *Round) (Want, error) {
		want := Want{Active: r.Active.Name, Failures: []string{"oned_"}, Untold: []string{r.Active.Name}}
		if err := r.spoil(ctx, r.Active, d); err != nil {
			return want, err
		}
		if err := r.sh(ctx, r.Active, signal("KILL", onedUnit)); err != nil {
			return want, err
		}
		return want, r.foundAnswers(ctx, "oned_monitor_")
	}
}

// toBadDisk has the active node hang while the others cannot write anything down: one of
// them takes over all the same.
func toBadDisk(d badDisk) func(context.Context, *Round) (Want, error) {
	return func(ctx context.Context, r *Round) (Want, error) {
		var untold []string
		for _, n := range r.others() {
			if err := r.spoil(ctx, n, d); err != nil {
				return Want{}, err
			}
			untold = append(untold, n.Name)
		}
		want, err := r.hangAndMove(ctx)
		want.Untold = untold
		return want, err
	}
}
