package lint

import (
	"fmt"

	"github.com/oneha/oneha/internal/diag"
)

// Room is what is left of the file system below a directory in which a daemon keeps its
// state.
type Room struct {
	Path     string `json:"path"`
	ReadOnly bool   `json:"read_only,omitempty"`
	Free     uint64 `json:"free"`  // bytes, for root
	Files    uint64 `json:"files"` // that may still be made; where the file system does not count them, the most there can be
}

// What is too little: corosync's files are of a few bytes, Pacemaker's of some hundred
// kilobytes; what fills a disk does so quickly.
const (
	leastRoom  = 1 << 20
	littleRoom = 64 << 20
	leastFiles = 16
)

// room looks at the directories of the cluster's own state.
func room(w *world, r *report) {
	for _, room := range w.Node.Rooms {
		at, dir := Place{File: clip(room.Path)}, clip(room.Path)
		switch {
		case room.ReadOnly:
			r.add(at, "the file system of "+dir+" is read-only: the cluster cannot write its state there", "find out why (dmesg, /etc/fstab), and mount -o remount,rw")
		case room.Files < leastFiles:
			r.add(at, fmt.Sprintf("the file system of %s has room for %d more files: the cluster cannot write its state there", dir, room.Files), "remove files that nobody needs (df -i)")
		case room.Free < leastRoom:
			r.add(at, fmt.Sprintf("the file system of %s is full (%d kB left): the cluster cannot write its state there", dir, room.Free>>10), "")
		case room.Free < littleRoom:
			r.as(diag.Warning, at, fmt.Sprintf("the file system of %s is nearly full (%d MB left)", dir, room.Free>>20), "")
		}
	}
}
