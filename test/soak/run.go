package soak

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/oneha/oneha/internal/version"
	"github.com/oneha/oneha/test/fakezone"
	"github.com/oneha/oneha/test/guardproc"
	"github.com/oneha/oneha/test/lab"
	"github.com/oneha/oneha/test/results"
)

// Options say what to do.
type Options struct {
	Lasts time.Duration        // how long it is watched
	Seed  uint64               // of what is done when
	Lab   lab.Options          // Source has to be a checkout
	File  string               // description of the cluster
	Out   string               // directory of the results
	Log   func(string, ...any) // progress, one line per call
}

// Between two looks, and between the begins of two faults.
const (
	lookEvery   = 5 * time.Second
	journalEach = 12 // looks
	deedLeast   = 60 * time.Second
	deedMost    = 90 * time.Second
	fencingEach = 10 * time.Minute
)

// soak is a run.
type soak struct {
	Options
	record  *record
	cluster *cluster
	zone    *zone
	cloud   *cloud
	output  map[string]*said

	mu     sync.Mutex
	result Result
	loads  []float64

	collecting sync.Once // when it first went wrong
}

// Run does a run and writes results.jsonl and soak.svg into Options.Out. A run that was
// cut short by ctx is an error; one that was not flat is not.
func Run(ctx context.Context, o Options) (_ Result, err error) {
	if err := os.MkdirAll(o.Out, 0o755); err != nil {
		return Result{}, err
	}
	dir, err := os.MkdirTemp("", "oneha-soak-")
	if err != nil {
		return Result{}, err
	}
	defer os.RemoveAll(dir)
	s := &soak{Options: o, output: map[string]*said{}}
	s.result = Result{Seed: o.Seed, Release: o.Lab.Release, Version: version.String(), Commit: version.Commit(), Done: map[string]int{}, Troubles: []string{}}
	fake, err := fakezone.Build(ctx, dir)
	if err != nil {
		return Result{}, err
	}
	oneha, err := guardproc.Build(ctx, dir)
	if err != nil {
		return Result{}, err
	}
	l, err := lab.Open(ctx, o.Lab)
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	s.record = newRecord()
	o.Log("a cluster of %s and a zone of %d servers come up", o.File, servers)
	if s.cluster, err = upCluster(ctx, l, o.File, dir, s.record); err != nil {
		return Result{}, err
	}
	if s.zone, err = upZone(ctx, fake, oneha, o.Seed, s.record); err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, s.zone.Close()) }()
	if err := s.zone.get(ctx); err != nil {
		return Result{}, err
	}
	if s.cloud, err = upCloud(dir); err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, s.cloud.Close()) }()
	if err := s.watch(ctx); err != nil {
		return Result{}, err
	}
	s.conclude()
	if len(s.result.Bad()) > 0 {
		s.collect(ctx)
	}
	return s.result, errors.Join(results.Append(filepath.Join(o.Out, "results.jsonl"), s.result),
		os.WriteFile(filepath.Join(o.Out, "soak.svg"), Picture(s.result, s.record.series()), 0o644))
}

// collect keeps the logs of the first time that something was wrong.
func (s *soak) collect(ctx context.Context) {
	s.collecting.Do(func() {
		err := errors.Join(s.cluster.Collect(context.WithoutCancel(ctx)), s.zone.collect(s.Lab.Diagnostics))
		if err != nil {
			s.Log("keep logs: %v", err)
		}
	})
}

// watch does faults and looks, for the time of the run.
func (s *soak) watch(ctx context.Context) error {
	s.record.restart()
	s.result.At = s.record.began.UTC().Truncate(time.Second)
	living, end := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer func() { end(); wg.Wait() }()
	for _, n := range s.cluster.nodes {
		if err := n.lines.begin(ctx, n); err != nil {
			return err
		}
		out := s.said("oneha status on " + n.Name)
		keep(living, &wg, func(ctx context.Context) error {
			_, err := n.Command(ctx, lab.Command{Args: []string{"oneha", "status", "--watch=2"}, Streams: lab.Streams{Stdout: out, Stderr: out}})
			return err
		}, s.Log)
	}
	raft, vms := s.said("oneha raft status"), s.said("oneha recover")
	keep(living, &wg, func(ctx context.Context) error { return s.zone.status(ctx, raft) }, s.Log)
	keep(living, &wg, func(ctx context.Context) error {
		cmd := exec.CommandContext(ctx, s.zone.oneha, "recover", "--watch=2", "--endpoint", s.cloud.endpoint, "--credentials", s.cloud.auth, "--started", "none")
		return s.zone.run(cmd, vms, func(start func() error) error { return start() })
	}, s.Log)
	wg.Go(func() { s.visits(living) })
	wg.Go(func() { s.clusterDeeds(living) })
	wg.Go(func() { s.zoneDeeds(living) })

	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for n := 0; ; n++ {
		s.look(ctx, n)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if time.Since(s.record.began) >= s.Lasts {
			s.journals(ctx)
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

func (s *soak) said(name string) *said {
	s.output[name] = &said{}
	return s.output[name]
}

// look looks at everything once.
func (s *soak) look(ctx context.Context, n int) {
	for _, node := range s.cluster.nodes {
		node.look()
	}
	if n%journalEach == 0 {
		s.journals(ctx)
	}
	s.zone.look()
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		word, _, _ := strings.Cut(string(text), " ")
		if load, err := strconv.ParseFloat(word, 64); err == nil {
			s.loads = append(s.loads, load)
		}
	}
}

// journals counts what has come into the journals; of a node that boots or hangs the next time.
func (s *soak) journals(ctx context.Context) {
	for _, node := range s.cluster.nodes {
		if err := node.lines.read(ctx, node); err == nil {
			s.record.add(Key{node.Name, "journal, lines of ours", lines}, "", float64(node.lines.ours))
		}
	}
}

// visits asks the guards and oned as clients do.
func (s *soak) visits(ctx context.Context) {
	oned := s.cluster.PollOned()
	defer oned.Stop()
	for n := 0; pause(ctx, time.Second) == nil; n++ {
		s.zone.visit(ctx, n)
	}
}

// clusterDeeds does one fault after the other to the cluster, and a fencing each ten
// minutes, the first after five or in the middle of a shorter run.
func (s *soak) clusterDeeds(ctx context.Context) {
	random := rand.New(rand.NewPCG(s.Seed, 1))
	next := s.record.began.Add(min(fencingEach/2, s.Lasts/2))
	s.cluster.quiet.Store(true)
	s.deeds(ctx, random, len(deeds), func(ctx context.Context, n int) (string, error) {
		d := deeds[n]
		if time.Now().After(next) {
			d, next = fencing, next.Add(fencingEach)
		}
		s.cluster.quiet.Store(false)
		defer s.cluster.quiet.Store(true)
		doing, cancel := context.WithTimeout(ctx, deedTime)
		err := d.do(doing, s.cluster, random)
		cancel()
		return d.name, errors.Join(err, s.cluster.mended(ctx))
	})
}

// zoneDeeds does the same to the zone.
func (s *soak) zoneDeeds(ctx context.Context) {
	random := rand.New(rand.NewPCG(s.Seed, 2))
	s.deeds(ctx, random, len(zoneDeeds), func(ctx context.Context, n int) (string, error) {
		d := zoneDeeds[n]
		doing, cancel := context.WithTimeout(ctx, deedTime)
		err := d.do(doing, s.zone, random)
		cancel()
		return d.name, errors.Join(err, s.zone.settle(ctx))
	})
}

// deeds does all kinds in an order that is drawn, and again, until ctx ends. None begins
// so late that its end would not be seen.
func (s *soak) deeds(ctx context.Context, random *rand.Rand, kinds int, do func(context.Context, int) (string, error)) {
	var order []int
	for {
		began := time.Now()
		rest := deedLeast + time.Duration(random.Int64N(int64(deedMost-deedLeast)))
		if pause(ctx, rest/3) != nil || time.Until(s.record.began.Add(s.Lasts)) < deedLeast {
			return
		}
		if len(order) == 0 {
			order = random.Perm(kinds)
		}
		name, err := do(ctx, order[0])
		order = order[1:]
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			s.collect(ctx)
		}
		s.mu.Lock()
		s.result.Done[name]++
		if err != nil {
			s.result.Troubles = append(s.result.Troubles, fmt.Sprintf("%s, after %.0f minutes: %v", name, time.Since(s.record.began).Minutes(), err))
		}
		s.mu.Unlock()
		s.Log("%4.1f min  %s: %v", time.Since(s.record.began).Minutes(), name, map[bool]any{true: "healed", false: err}[err == nil])
		if pause(ctx, time.Until(began.Add(rest))) != nil {
			return
		}
	}
}
