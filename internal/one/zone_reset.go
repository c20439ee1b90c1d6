package one

import (
	"context"
	"fmt"
)

// ResetServer has the leader forget how far a follower's log was and begin behind its
// own last record (since 5.6). It moves no data: the follower must have a fresh copy
// of the leader's database already.
func ResetServer(ctx context.Context, e Endpoint, c Credentials, zone, server int) error {
	if err := e.change(ctx, "one.zone.resetserver", c.session, zone, server); err != nil {
		return fmt.Errorf("reset server %d of zone %d by oned at %s: %w", server, zone, e, err)
	}
	return nil
}
