package agents

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/unit"
	"github.com/oneha/oneha/ocf"
)

// lockFile is created by an oned that starts and removed by its orderly end. It
// is empty: it does not say whose it is.
const lockFile = "/var/lock/one/one"

// refuseRaft refuses a server of a Raft zone: there OpenNebula itself elects the
// leader, and its hooks move the address and start services.
func refuseRaft(req *ocf.Request) error {
	c, err := one.ReadOnedConfig(req.String("config"))
	if err != nil {
		req.Log.Warn("cannot tell whether oned is a server of a Raft zone", "because", err)
	}
	if why := c.Raft(); why != "" {
		return &ocf.Error{Code: ocf.ConfiguredCode, Reason: "a Raft server is not for Pacemaker to run: " + why}
	}
	return nil
}

// onedOutside fails when an oned runs that is not the unit's. systemd knows
// nothing of it, and it writes to the database all the same.
func onedOutside(ctx context.Context, m *unit.Manager, name string) error {
	pids, err := m.Outside(ctx, name, onedName)
	if err != nil {
		return ocf.Failed("cannot prove that no oned runs outside of the unit", err)
	}
	if len(pids) > 0 {
		return ocf.Failed(fmt.Sprintf("oned runs outside of %s as process %d: end it, or let the cluster stop it", name, pids[0]), nil)
	}
	return nil
}

// endOnedOutside ends every oned that is not the unit's, and proves it.
func endOnedOutside(ctx context.Context, req *ocf.Request, m *unit.Manager, name string) error {
	for {
		pids, err := m.Outside(ctx, name, onedName)
		if err != nil {
			return ocf.Failed("cannot prove that no oned runs outside of the unit", err)
		}
		if len(pids) == 0 {
			return nil
		}
		req.Log.Warn("oned runs outside of its unit, it is ended", "processes", pids)
		if err := m.End(ctx, pids, onedName, gentleTime(ctx)); err != nil {
			return ocf.Failed("an oned outside of its unit does not end", err)
		}
	}
}

// clearOned proves that no oned runs on this node, and removes the lock of one
// that did not end in order; with it the next would not start. A lock that is made
// after the first look belongs to an oned that starts just now, and stays.
func clearOned(ctx context.Context, req *ocf.Request, m *unit.Manager, name string) error {
	lock, missing := os.Lstat(lockFile)
	if err := onedOutside(ctx, m, name); err != nil {
		return err
	}
	if errors.Is(missing, fs.ErrNotExist) {
		return nil
	}
	if missing != nil {
		return ocf.Failed("cannot look for a stale lock", missing)
	}
	own, err := m.PIDs(ctx, name)
	if err != nil {
		return unitError(err)
	}
	now, err := os.Lstat(lockFile)
	if len(own) > 0 || err != nil || !os.SameFile(lock, now) {
		return nil
	}
	if err := os.Remove(lockFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return ocf.Failed("cannot remove a stale lock", err)
	}
	req.Log.Warn("removed the lock of an oned that did not end in order; none runs on this node", "file", lockFile)
	return nil
}
