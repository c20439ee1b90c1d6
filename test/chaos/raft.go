package chaos

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/oneha/oneha/test/fakezone"
	"github.com/oneha/oneha/test/raftrounds"
)

// raft is the field of a zone under Raft: stand-ins for its servers, with the guards and
// hooks that are installed beside real ones.
func raft() field {
	return field{name: "raft", about: "a zone of three servers under Raft (stand-ins)", faults: raftrounds.Faults,
		up: func(ctx context.Context, s Settings, _ func(string, ...any)) (bed, error) {
			z, err := upZone(ctx, s)
			if err != nil {
				return nil, err
			}
			return z, nil
		},
	}
}

// zone is such a field that is up.
type zone struct {
	*raftrounds.Field
	client *caller
	dir    string // of programs
}

func upZone(ctx context.Context, s Settings) (z *zone, err error) {
	dir, err := os.MkdirTemp("", "oneha-chaos-")
	if err != nil {
		return nil, fmt.Errorf("make directory: %w", err)
	}
	z = &zone{dir: dir}
	if z.Field, err = raftrounds.NewField(ctx, dir, s.Seed); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	z.client = startCaller(z.ask, 100*time.Millisecond)
	return z, nil
}

// round does the deed.
func (z *zone) round(ctx context.Context, d deed, log func(string, ...any)) (result Result) {
	fail := func(doing string, err error) Result {
		result.Error = fmt.Sprintf("%s: %v", doing, err)
		return result
	}
	if err := within(ctx, healLimit, z.whole); err != nil {
		return fail("before the fault", err)
	}
	result.Before, result.Fenced, result.Violations = z.active(), []string{}, []string{}
	result.At = time.Now()
	o, err := z.Round(ctx, d.fault, d.rand())
	log("%s: two holders for %v, a leader without the address for %v", o.Fault, o.Two, o.Away)
	result.Settled = o.Settled.Seconds()
	if err == nil {
		err = within(ctx, healLimit, z.whole)
	}
	gap, _ := z.client.Gap(result.At, time.Now())
	result.Away = gap.Seconds()
	if err != nil {
		return fail("do it", err)
	}
	result.After = z.active()
	result.Violations = append(result.Violations, judgeZone(o)...)
	return result
}

// judgeZone finds what guards promise and did not keep.
func judgeZone(o raftrounds.Outcome) (found []string) {
	if o.Two > 0 {
		found = append(found, fmt.Sprintf("the floating IP is on one server at most: %s: two had it for %v", o.Fault, o.Two))
	}
	if o.Away > o.Limit {
		found = append(found, fmt.Sprintf("a leader that a majority follows has the floating IP: %s: it was without it for %v, more than %v", o.Fault, o.Away, o.Limit))
	}
	return found
}

// whole waits until the leader has the address and answers a client.
func (z *zone) whole(ctx context.Context) error {
	if err := z.Settle(ctx); err != nil {
		return err
	}
	_, err := z.client.WaitAcknowledged(ctx, time.Now())
	return err
}

// active is the server that has the address, as results have it.
func (z *zone) active() string { return fmt.Sprintf("server %d", z.Holder()) }

func (z *zone) collect(_ context.Context, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("keep logs: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "zone.txt"), []byte(z.Logs()), 0o644); err != nil {
		return fmt.Errorf("keep logs: %w", err)
	}
	return nil
}

func (z *zone) close() error {
	z.client.Stop()
	return errors.Join(z.Field.Close(), os.RemoveAll(z.dir))
}

// ask asks the server that has the floating IP, from where no cut is in the way, what it
// is: it has to be leader, since others cannot do anything for clients. Nothing is written:
// a server of the stand-in that misses a record keeps the others from electing anybody for
// as long as it asks for their votes, which is nothing that guards could help.
func (z *zone) ask(ctx context.Context, number int) (int, error) {
	holder := z.Holder()
	if holder < 0 {
		return 0, errors.New("no server has the floating IP")
	}
	status, err := z.Zone().Status(ctx, holder)
	if err == nil && status.State != fakezone.Leader {
		err = fmt.Errorf("server %d has the floating IP and is %v", holder, status.State)
	}
	return number, err
}
