package preview

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/beevik/etree"

	"github.com/oneha/oneha/internal/pacemaker"
)

const (
	// atOnce is how many simulations run at the same time: they compute, and a node that
	// plans has its services to run.
	atOnce = 2

	// rounds is how often the scheduler is asked at most until it has nothing to do: what
	// cannot be done, it asks for again and again.
	rounds = 4
)

// Run asks the scheduler what each failure does to the cluster of a CIB. The
// outcomes are in the order of the failures.
//
// Every failure happens to the same healthy cluster: all nodes have joined, with
// quorum, no failure is remembered, and resources run where the CIB's status says
// or, where it says nothing, where the scheduler puts them. Standby, maintenance and
// target roles of the configuration hold.
//
// progress is called, if it is not nil, whenever another outcome is known, from one
// goroutine at a time. Without crm_simulate on this machine the error is
// pacemaker.ErrNoTool.
func Run(ctx context.Context, tools pacemaker.Tools, cib []byte, failures []Failure, progress func(done, all int)) ([]Outcome, error) {
	s, err := newScene(ctx, tools, cib)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	outcomes := make([]Outcome, len(failures))
	next := make(chan int)
	var lock sync.Mutex
	var done int
	var work sync.WaitGroup
	for range min(atOnce, len(failures)) {
		work.Go(func() {
			for i := range next {
				o, err := s.outcome(ctx, failures[i])
				if err != nil {
					cancel(fmt.Errorf("%s: %w", failures[i].ID, err))
					continue
				}
				lock.Lock()
				outcomes[i] = o
				if done++; progress != nil {
					progress(done, len(failures))
				}
				lock.Unlock()
			}
		})
	}
	for i := range failures {
		if ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	work.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return outcomes, nil
}

// scene is the healthy cluster to which failures happen.
type scene struct {
	tools   pacemaker.Tools
	cluster cluster
	cib     []byte // as it was given
	healthy []byte // with the status of a healthy cluster
	before  map[string]string
}

func newScene(ctx context.Context, tools pacemaker.Tools, cib []byte) (*scene, error) {
	doc, err := parse(cib)
	if err != nil {
		return nil, err
	}
	s := &scene{tools: tools, cib: cib, cluster: read(doc)}
	if len(s.cluster.nodes) == 0 {
		return nil, fmt.Errorf("preview failures: the CIB names no node")
	}
	heal(doc)
	quorum(doc, true)
	p := play{scene: s, doc: doc}
	if err := p.settle(ctx, pacemaker.Injection{Up: s.cluster.nodes}); err != nil {
		return nil, err
	}
	if s.healthy, err = p.doc.WriteToBytes(); err != nil {
		return nil, err
	}
	s.before = placement(p.doc, s.cluster)
	return s, nil
}

// play is what happens after a failure, in transitions one after the other.
type play struct {
	*scene
	doc         *etree.Document
	transitions []transition
	stuck       bool // the last transition did not come to its end
}

// ask has the scheduler answer once.
func (p *play) ask(ctx context.Context, in pacemaker.Injection) error {
	cib, err := p.doc.WriteToBytes()
	if err != nil {
		return fmt.Errorf("write CIB: %w", err)
	}
	answer, err := p.tools.Simulate(ctx, cib, in)
	if err != nil {
		return err
	}
	t, err := readGraph(answer.Graph)
	if err != nil {
		return err
	}
	doc, err := parse(answer.CIB)
	if err != nil {
		return err
	}
	p.doc, p.transitions, p.stuck = doc, append(p.transitions, t), answer.Stuck
	return nil
}

// settle asks until the scheduler has nothing to do. What it asked for last is then
// empty, and left out.
func (p *play) settle(ctx context.Context, in pacemaker.Injection) error {
	for range rounds {
		if err := p.ask(ctx, in); err != nil {
			return err
		}
		if last := len(p.transitions) - 1; p.transitions[last].idle() {
			p.transitions = p.transitions[:last]
			return nil
		}
		if p.stuck {
			return nil
		}
		in = pacemaker.Injection{}
	}
	return nil
}

// outcome lets a failure happen.
func (s *scene) outcome(ctx context.Context, f Failure) (Outcome, error) {
	start, before := s.healthy, s.before
	if f.Kind == IsolatedBoot || f.Kind == BothBoot {
		start, before = s.cib, map[string]string{}
		for r := range s.before {
			before[r] = ""
		}
	}
	doc, err := parse(start)
	if err != nil {
		return Outcome{}, err
	}
	p := play{scene: s, doc: doc}
	if f.Kind == LinkCut {
		f.Nodes = s.losers(f)
	}
	o := Outcome{Failure: f.ID, Title: f.Title, Before: before}
	if err := p.happen(ctx, f); err != nil {
		return o, err
	}
	o.Runs = placement(p.doc, s.cluster)
	if len(f.Nodes) > 0 && f.Kind != IsolatedBoot && f.Kind != BothBoot && f.Kind != Standby {
		p.fencingFails(f, &o)
	}
	p.complete(f, &o)
	return o, nil
}

// happen lets a failure happen, and the scheduler answer until it rests.
func (p *play) happen(ctx context.Context, f Failure) error {
	quorum(p.doc, f.Quorate)
	switch f.Kind {
	case NodeLost, NodesLost, BMCDead, LinkCut:
		return p.settle(ctx, pacemaker.Injection{Failed: f.Nodes})
	case IsolatedBoot, BothBoot:
		forget(p.doc)
		return p.settle(ctx, pacemaker.Injection{Up: f.Nodes})
	case Standby:
		standby(p.doc, f.Subject)
		return p.settle(ctx, pacemaker.Injection{})
	}
	node, _, _ := strings.Cut(p.before[f.Subject], ",")
	res, _ := p.cluster.primitive(f.Subject)
	monitors := res.monitors()
	if node == "" || len(monitors) == 0 {
		return nil // there is nothing that could fail, or nobody who would see it
	}
	found := pacemaker.Injection{Happened: []string{opspec(f.Subject, "monitor", int(monitors[0].interval.Milliseconds()), node, 7)}}
	failing := "" // the operation that fails, too
	switch f.Kind {
	case Threshold:
		if err := p.ask(ctx, found); err != nil {
			return err
		}
		p.transitions = nil // the restart before the last
		failures(p.doc, f.Subject, "monitor", strconv.Itoa(res.threshold()-1))
		return p.settle(ctx, found)
	case StartFailed:
		failing = "start"
	case StopFailed:
		failing = "stop"
	default:
		return p.settle(ctx, found)
	}
	found.Fails = []string{opspec(f.Subject, failing, 0, node, 1)}
	if err := p.ask(ctx, found); err != nil {
		return err
	}
	p.transitions[0] = p.transitions[0].until(func(a action) bool { return a.op == failing && a.resource == f.Subject && a.node == node }, true)
	if failing == "start" && !isFalse(p.cluster.property("start-failure-is-fatal")) {
		failures(p.doc, f.Subject, failing, "INFINITY")
	}
	return p.settle(ctx, pacemaker.Injection{})
}

// opspec names an operation with its result, as crm_simulate(8) has it.
func opspec(resource, op string, interval int, node string, code int) string {
	return fmt.Sprintf("%s_%s_%d@%s=%d", resource, op, interval, node, code)
}

// fencingFails takes back what waits for the fencing of a node that no device can
// switch off: crm_simulate's fencing always succeeds.
func (p *play) fencingFails(f Failure, o *Outcome) {
	alive := map[string]bool{} // nodes that cannot be fenced
	for _, n := range f.Nodes {
		methods := p.cluster.methods(n)
		if f.Kind == BMCDead && len(methods) > 0 {
			methods = methods[1:]
		}
		if len(methods) == 0 && len(p.transitions) > 0 && slices.Contains(p.transitions[0].fenced(), n) {
			alive[n] = true
		}
	}
	if len(alive) == 0 {
		return
	}
	o.Blocked = true
	seen := map[string]string{}
	for r, nodes := range o.Before {
		seen[r] = join(slices.DeleteFunc(split(nodes), func(n string) bool { return slices.Contains(f.Nodes, n) }))
	}
	// The next transition would begin with the same fencing, and so on.
	p.transitions = p.transitions[:1]
	p.transitions[0] = p.transitions[0].until(func(a action) bool { return a.op == fencing && alive[a.node] }, false)
	o.Runs = p.transitions[0].apply(seen)
}
