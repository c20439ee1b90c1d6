package raftrounds

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/oneha/oneha/internal/raft/lease"
	"github.com/oneha/oneha/test/fakezone"
	"github.com/oneha/oneha/test/guardproc"
)

// servers is the size of every zone here.
const servers = 3

// kind is what a zone's servers have.
type kind struct {
	name    string
	timers  string        // of the description
	elect   time.Duration // ELECTION_TIMEOUT_MS
	xmlrpc  time.Duration
	control bool // no guards, and a hook like vip.sh
}

// kinds are the timeouts of today and those of OpenNebula 5.4 and 5.6, for which
// guards have other timers; the control has today's.
var (
	modern  = kind{name: "guards, 5 s", timers: "default", elect: 5 * time.Second, xmlrpc: time.Second}
	classic = kind{name: "guards, 2.5 s", timers: "classic", elect: 2500 * time.Millisecond, xmlrpc: 450 * time.Millisecond}
	control = kind{name: "like vip.sh, 5 s", elect: 5 * time.Second, xmlrpc: time.Second, control: true}
)

// broadcast is between heartbeats.
const broadcast = 500 * time.Millisecond

func (k kind) lease() lease.Timers {
	return lease.For(lease.Election{ElectionTimeout: k.elect, BroadcastTimeout: broadcast})
}

// Bound is how long a leader by right may be without the address: what the model of
// the lease proves, a promise and two rounds, see docs/decisions/0020-raft-vip-lease.md.
// The promise is one that was made to another just before; each round is until oned
// is asked again and until the guards answered; a look of the sampler is added.
func Bound(t lease.Timers) time.Duration { return t.Promise() + 2*(t.Renew+t.Timeout) + sampleEvery }

// zoneTimers are oned's, with starts and ends that are shorter than real ones.
func (k kind) zoneTimers() fakezone.Timers {
	t := fakezone.Real()
	t.Load, t.Open, t.WarmUp, t.Stop = 100*time.Millisecond, 500*time.Millisecond, 500*time.Millisecond, 300*time.Millisecond
	t.Election, t.Broadcast, t.XMLRPC = k.elect, broadcast, k.xmlrpc
	return t
}

// bed is a zone under test, with everything that watches it.
type bed struct {
	kind
	z      *fakezone.Zone
	guards *guards // nil: the control has none
	record *record
	sample *fakezone.Sampler

	ending [servers]bool // was told to end

	mu     sync.Mutex // of what the harm is, for the observer
	frozen [servers]bool
	cut    map[fakezone.Path]bool

	watch context.CancelFunc
	wg    sync.WaitGroup
}

// programs are what beds are made of, built once.
type programs struct{ fakezone, oneha string }

func build(ctx context.Context, dir string) (p programs, err error) {
	if p.fakezone, err = fakezone.Build(ctx, dir); err == nil {
		p.oneha, err = guardproc.Build(ctx, dir)
	}
	return p, err
}

// up makes a zone and waits until it is as it should be.
func (k kind) up(ctx context.Context, p programs, seed uint64) (b *bed, err error) {
	b = &bed{kind: k, cut: map[fakezone.Path]bool{}, record: newRecord(time.Now())}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("make zone: %w", err), b.Close())
		}
	}()
	o := fakezone.Options{Servers: servers, Timers: k.zoneTimers(), Seed: seed, Program: p.fakezone}
	k.hooks(&o, p.oneha)
	if b.z, err = fakezone.Up(ctx, o); err != nil {
		return b, err
	}
	if !k.control {
		if b.guards, err = startGuards(b.z, p.oneha, "timers: "+k.timers); err != nil {
			return b, err
		}
	}
	if b.sample, err = b.z.SampleEach(sampleEvery, b.record.look); err != nil {
		return b, err
	}
	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	b.watch = stop
	b.wg.Go(func() { b.observe(watching) })
	return b, b.settle(ctx)
}

// sampleEvery is between two looks into all kernels.
const sampleEvery = 20 * time.Millisecond

// delayFile makes hooks of a server wait, seconds.
const delayFile = "var/hook-delay"

// delayed begins a hook.
const delayed = "#!/bin/sh\n[ ! -s \"$ONE_LOCATION/" + delayFile + "\" ] || sleep \"$(cat \"$ONE_LOCATION/" + delayFile + "\")\"\n"

// hooks gives all servers their hooks: what a server of ours has in oned.conf, or
// what OpenNebula's own has, behind a delay.
func (k kind) hooks(o *fakezone.Options, oneha string) {
	const name = "hook.sh"
	if k.control {
		o.VIPLike(time.Second)
		o.HookFiles[name] = delayed + "exec \"$ONE_LOCATION/var/remotes/hooks/" + o.Leader.Command + "\" \"$@\"\n"
		o.Leader.Command, o.Follower.Command = name, name
		return
	}
	o.VIPLike(time.Second) // for the arguments, which are the same
	o.HookFiles = map[string]string{name: delayed + "exec " + oneha + ` raft hook --no-services --guarded --dir "$ONE_LOCATION/var" --socket "$ONE_LOCATION/guard.sock" ` +
		`--oned-conf "$ONE_LOCATION/etc/oned.conf" --auth "$ONE_LOCATION/var/.one/one_auth" --config "$ONE_LOCATION/oneha.yaml" "$@"` + "\n"}
	o.Leader.Command, o.Follower.Command = name, name
}

// Close ends all of it.
func (b *bed) Close() error {
	if b.watch != nil {
		b.watch()
		b.wg.Wait()
	}
	errs := []error{b.guards.Close()}
	if b.sample != nil {
		_, err := b.sample.Stop()
		errs = append(errs, err)
	}
	if b.z != nil {
		errs = append(errs, b.z.Close())
	}
	return errors.Join(errs...)
}

// settleTime is more than the slowest recovery takes on a busy machine.
const settleTime = 2 * time.Minute

// settle waits until there is a leader that a majority follows and the address is
// on it, or, in the control, anywhere.
func (b *bed) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	leader, err := b.z.WaitLeader(ctx)
	if err != nil {
		return err
	}
	return b.z.Wait(ctx, fmt.Sprintf("the address on the leader (it was server %d)", leader), func(ctx context.Context) bool {
		seen, err := b.sample.Seen()
		holders := seen.Holders()
		return err == nil && (b.control && len(holders) > 0 || len(holders) == 1 && holders[0] == b.z.Leader(ctx))
	})
}

// logs is what a failure needs to be understood.
func (b *bed) logs() string {
	var all string
	for id := range servers {
		if b.guards != nil {
			all += fmt.Sprintf("guard %d:\n%s\n", id, b.guards.each[id].Log())
		}
		for _, name := range []string{fakezone.EventsFile, fakezone.LogFile} {
			text, err := os.ReadFile(b.z.Path(id, name))
			if err != nil {
				text = []byte(err.Error())
			}
			all += fmt.Sprintf("server %d, %s:\n%s\n", id, filepath.Base(name), text)
		}
	}
	return all
}
