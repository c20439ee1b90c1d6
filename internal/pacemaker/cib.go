package pacemaker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// queryLimit is how long a running cluster may take to print its CIB.
const queryLimit = 20 * time.Second

// Query returns the running cluster's whole CIB, status included, as this node's
// copy has it.
func (t Tools) Query(ctx context.Context) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, queryLimit)
	defer cancel()
	out, err := t.run(ctx, nil, "cibadmin", "--query")
	failed, ok := errors.AsType[*Error](err)
	switch {
	case err == nil:
		return out, nil
	case errors.Is(err, ErrNoTool):
		return nil, err
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return nil, fmt.Errorf("cibadmin --query did not answer within %d s: is the cluster running here?", queryLimit/time.Second)
	case ok && failed.Code >= 0:
		return nil, fmt.Errorf("cibadmin --query: exit status %d: %s", failed.Code, strings.TrimSpace(failed.Stderr))
	}
	return nil, fmt.Errorf("cibadmin --query: %w", err)
}

// Verify has crm_verify judge a CIB, with whatever status it holds. The error says
// what is wrong. Mere warnings are none, although crm_verify exits with the same code
// (78) for them: that a running resource is no longer configured is one.
func (t Tools) Verify(ctx context.Context, cib []byte) error {
	_, err := t.run(ctx, cib, "crm_verify", "-V", "--xml-pipe")
	failed, ok := errors.AsType[*Error](err)
	if !ok || failed.Cause != nil {
		return err
	}
	said := failed.Stderr
	warned := strings.Contains(said, "Warnings found") || strings.Contains(said, "with warnings") // until 2.1, since 3.0
	if warned && !strings.Contains(said, "Errors found") && !strings.Contains(said, "with errors") {
		return nil
	}
	var wrong []string
	for line := range strings.Lines(said) {
		if strings.Contains(line, "error") { // error: of Pacemaker's, validity error of libxml2's
			wrong = append(wrong, strings.TrimSpace(line))
		}
	}
	if len(wrong) == 0 {
		return failed
	}
	return fmt.Errorf("crm_verify: %s", strings.Join(wrong, "; "))
}

// HasQuorum asks whether this node's partition has quorum.
func (t Tools) HasQuorum(ctx context.Context) (bool, error) {
	out, err := t.run(ctx, nil, "crm_node", "-q")
	return strings.TrimSpace(string(out)) == "1", err
}

// Diff makes the patch that turns one CIB into another, nil when there is nothing
// to do. The patch names the version that it is for (admin_epoch, epoch and
// num_updates of from) and has a digest of the result, so that Patch fails on any
// other. Both go through files that only this user can read: a CIB may hold secrets,
// and crm_diff takes text only as an argument.
func (t Tools) Diff(ctx context.Context, from, to []byte) (patch []byte, err error) {
	dir, err := os.MkdirTemp("", "oneha-diff-")
	if err != nil {
		return nil, fmt.Errorf("make directory for crm_diff: %w", err)
	}
	defer os.RemoveAll(dir)
	before, after := filepath.Join(dir, "from.xml"), filepath.Join(dir, "to.xml")
	if err := errors.Join(os.WriteFile(before, from, 0o600), os.WriteFile(after, to, 0o600)); err != nil {
		return nil, fmt.Errorf("write CIB for crm_diff: %w", err)
	}
	const differ = 1 // crm_diff's exit code, as diff(1)'s
	patch, err = t.run(ctx, nil, "crm_diff", "--cib", "--original", before, "--new", after)
	if failed, ok := errors.AsType[*Error](err); ok && failed.Code == differ && len(patch) > 0 {
		err = nil
	}
	return patch, err
}

// ErrOutdated says that the CIB is not the version that a patch is for.
var ErrOutdated = errors.New("the CIB has changed since it was read")

// Exit codes of a patch that does not fit the CIB: CRM_EX_OLD and CRM_EX_DIGEST since
// 2.0, pcmk_err_old_data, pcmk_err_diff_failed and pcmk_err_diff_resync before.
var outdated = map[int]bool{103: true, 104: true, 205: true, 206: true, 207: true}

// Patch changes the running cluster's CIB by a patch of Diff's: all of it or nothing.
// ErrOutdated says that nothing was changed. After any other error it is not known
// whether the change was made, or will be: ask.
//
// Pacemaker (2.1.5) takes the change without a quorum and without a DC, too, and then
// only on this node; the caller has to see to that.
func (t Tools) Patch(ctx context.Context, patch []byte) error {
	_, err := t.run(ctx, patch, "cibadmin", "--patch", "--xml-pipe")
	if failed, ok := errors.AsType[*Error](err); ok && outdated[failed.Code] {
		return fmt.Errorf("%w (%s)", ErrOutdated, lastLine(failed.Stderr))
	}
	return err
}
