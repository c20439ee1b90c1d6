package incident

import (
	"context"
	"errors"
	"fmt"

	"github.com/oneha/oneha/internal/one"
)

// leads refuses to go on where oned has lost the lead of its zone while the hook waited. A
// follower still answers what is only read, with what it knew last: a host that is well by
// now would lose its power. (A leader that has lost its followers still says that it leads.)
func (w Work) leads(ctx context.Context, h one.HostDetail) error {
	var raft one.RaftStatus
	err := w.retry(ctx, func(ctx context.Context) (err error) {
		raft, err = one.AskRaft(ctx, w.Endpoint, w.Credentials)
		return err
	})
	switch fault := (*one.Fault)(nil); {
	case errors.As(err, &fault): // a release without Raft
		return nil
	case err != nil:
		return err
	case raft.State != one.Solo && raft.State != one.Leader:
		return fmt.Errorf("this server does not lead its zone any more, so what it knows of host %s may be old: nothing is done\nOn the leader: oneha hook missed --handle", h.Name)
	}
	return nil
}
