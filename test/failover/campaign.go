package failover

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/oneha/oneha/test/lab"
)

// Options of a comparison.
type Options struct {
	Pairs       int      // of each fault, at least 1
	Faults      []string // Hang, Power or both, in this order
	FloatingIPs int      // of each cluster, 1 to MostFloatingIPs
	Prefix      string   // of the two labs; "-o" and "-s" are added
	CacheDir    string   // of root file systems
	Source      string   // checkout whose programs run
	Log         func(string, ...any)
}

// MostFloatingIPs is how many addresses the network of the descriptions has for them.
const MostFloatingIPs = 150

func (o Options) check() error {
	switch {
	case o.Pairs < 1:
		return errors.New("compare failovers: want one pair or more")
	case len(o.Faults) == 0 || slices.ContainsFunc(o.Faults, func(f string) bool { return f != Hang && f != Power }):
		return fmt.Errorf("compare failovers: the faults are %q and %q, not %q", Hang, Power, o.Faults)
	case o.FloatingIPs < 1 || o.FloatingIPs > MostFloatingIPs:
		return fmt.Errorf("compare failovers: want 1 to %d floating IPs, not %d", MostFloatingIPs, o.FloatingIPs)
	}
	return nil
}

// Run compares: pair by pair, a fault to the one side and then to the other, who begins
// taking turns; first all pairs of the one fault, then all of the next. After each the
// services are moved back, which is measured as well. Each round is given to done as soon as
// it is over, also one that went wrong, which has an Error and is made good by another one.
// More than mostFailures of them end the run.
func Run(ctx context.Context, opt Options, done func(Round) error) (err error) {
	if err := opt.check(); err != nil {
		return err
	}
	stacks, stop, err := both(ctx, opt)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	left, pairs, began := mostFailures, len(opt.Faults)*opt.Pairs, time.Now()
	for i := range pairs {
		fault := opt.Faults[i/opt.Pairs]
		report := func(r Round) error {
			r.Pair = i + 1
			opt.Log("%d of %d, %-5s  %-30s floating IP %5.2f s, oned %5.2f s, all %5.2f s, load %4.1f %s", i+1, pairs, r.Side, r.Fault, r.VIP, r.Oned, r.All, r.Load, r.Error)
			return done(r)
		}
		for turn := range stacks {
			s := stacks[(i+turn)%len(stacks)]
			if err := s.until(ctx, fault, &left, report); err != nil {
				return fmt.Errorf("pair %d, %s: %w", i+1, s.side, err)
			}
		}
		if more := pairs - i - 1; more > 0 {
			opt.Log("%d of %d pairs, about %.0f min left", i+1, pairs, math.Ceil((time.Since(began) / time.Duration(i+1) * time.Duration(more)).Minutes()))
		}
	}
	return nil
}

// mostFailures is how many rounds may fail.
const mostFailures = 5

// until does a fault to one side until all goes well, as long as failures are left.
func (s *stack) until(ctx context.Context, fault string, left *int, report func(Round) error) error {
	for {
		rounds, failed := s.rounds(ctx, fault)
		if ctx.Err() != nil { // no failure of the cluster's
			return ctx.Err()
		}
		for _, r := range rounds {
			if err := report(r); err != nil {
				return err
			}
		}
		if failed == nil {
			return nil
		}
		if *left--; *left < 0 {
			return failed
		}
		if err := s.mend(ctx); err != nil {
			return fmt.Errorf("%w; and it did not recover: %w", failed, err)
		}
	}
}

// rounds does a fault to one side, and moves the services back. Of a round that fails the
// error is in it, too, and it is the last.
func (s *stack) rounds(ctx context.Context, fault string) (all []Round, err error) {
	for _, one := range []func() (Round, error){
		func() (Round, error) { return s.fail(ctx, fault) },
		func() (Round, error) { return s.move(ctx) },
	} {
		r, err := one()
		if err != nil {
			r.Error = err.Error()
			return append(all, r), err
		}
		all = append(all, r)
	}
	return all, nil
}

// both starts the two clusters at once and makes them ready.
func both(ctx context.Context, opt Options) (stacks []*stack, stop func() error, err error) {
	sides := []string{Ours, Stock}
	stacks = make([]*stack, len(sides))
	errs := make([]error, len(sides))
	var wg sync.WaitGroup
	for i, side := range sides {
		wg.Go(func() {
			l := lab.Options{Prefix: opt.Prefix + "-" + side[:1], CacheDir: opt.CacheDir, Source: opt.Source}
			s, err := start(ctx, l, side, opt.FloatingIPs)
			if err == nil {
				stacks[i] = s
				err = s.ready(ctx)
			}
			errs[i] = err
		})
	}
	wg.Wait()
	stop = func() error {
		var errs []error
		for _, s := range stacks {
			if s != nil {
				errs = append(errs, s.close())
			}
		}
		return errors.Join(errs...)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, nil, errors.Join(err, stop())
	}
	return stacks, stop, nil
}
