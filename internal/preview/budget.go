package preview

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Budget is where the time of a failover goes.
type Budget struct {
	Lines []Line `json:"lines"`

	cluster  cluster
	corosync Corosync
	measured time.Duration // of a BMC
}

// Line is one figure of the budget.
type Line struct {
	Phase string   `json:"phase"` // Detect to Stop
	What  string   `json:"what"`
	Of    []string `json:"of,omitempty"` // the nodes or resources that it is the figure of
	Time  Span     `json:"seconds"`
	From  string   `json:"from"` // where the figure comes from
}

// The phases of a failover, in their order.
const (
	Detect  = "detect"  // until the cluster knows
	Decide  = "decide"  // until the scheduler has chosen
	Delay   = "delay"   // that protects a node in a race of fencing
	Fence   = "fence"   // until the node was seen off
	Recover = "recover" // until a resource runs again
	Stop    = "stop"    // of what runs and has to move
)

// MarshalJSON writes seconds.
func (s Span) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Typical float64 `json:"typical"`
		Worst   float64 `json:"worst"`
	}{inSeconds(s.Typical), inSeconds(s.Worst)})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (s *Span) UnmarshalJSON(text []byte) error {
	var v struct{ Typical, Worst float64 }
	if err := json.Unmarshal(text, &v); err != nil {
		return err
	}
	*s = Span{time.Duration(v.Typical * float64(time.Second)), time.Duration(v.Worst * float64(time.Second))}
	return nil
}

// inSeconds rounds to tenths.
func inSeconds(d time.Duration) float64 { return math.Round(d.Seconds()*10) / 10 }

func (s Span) plus(o Span) Span { return Span{s.Typical + o.Typical, s.Worst + o.Worst} }

// Usual figures, where nobody measured. Deciding is the scheduler's and the messages
// around it: measured, half a second. A BMC needs a login, an off, a look and
// another one.
var (
	deciding = Span{time.Second, 3 * time.Second}
	usualBMC = 5 * time.Second
	// usual are starts and stops by the agent's type.
	usual = map[string][2]time.Duration{
		"vip":        {200 * time.Millisecond, 100 * time.Millisecond},
		"IPaddr2":    {300 * time.Millisecond, 200 * time.Millisecond},
		"oned":       {8 * time.Second, 3 * time.Second}, // five to ten of a real one, with its database
		"opennebula": {8 * time.Second, 3 * time.Second},
	}
	usualOther = [2]time.Duration{3 * time.Second, 2 * time.Second}
)

const (
	usualText     = "usual"
	noStonithTime = time.Minute // stonith-timeout's default (Pacemaker Explained, Cluster Options)
)

// NewBudget reads the figures of a CIB. measured is how long fencing takes a BMC, as `oneha fence
// probe` says, 0 when nobody measured it.
func NewBudget(cib []byte, corosync Corosync, measured time.Duration) (Budget, error) {
	doc, err := parse(cib)
	if err != nil {
		return Budget{}, err
	}
	b := Budget{cluster: read(doc), corosync: corosync, measured: measured}
	b.detectLines()
	b.add(Decide, "the scheduler chooses", deciding, usualText)
	for _, n := range b.cluster.nodes {
		b.delayLines(n)
	}
	for _, n := range b.cluster.nodes {
		b.fenceLine(n)
	}
	for _, r := range b.cluster.services() {
		s, from := b.takes(r, "start")
		b.add(Recover, "start", s, from, r.id)
	}
	for _, r := range b.cluster.services() {
		s, from := b.takes(r, "stop")
		b.add(Stop, "stop before a move or a restart", s, from, r.id)
	}
	return b, nil
}

// add adds a figure; equal ones of several resources are one line.
func (b *Budget) add(phase, what string, time Span, from string, of ...string) {
	for i, l := range b.Lines {
		if len(of) > 0 && l.Phase == phase && l.What == what && l.Time == time && l.From == from {
			b.Lines[i].Of = append(l.Of, of...)
			return
		}
	}
	b.Lines = append(b.Lines, Line{Phase: phase, What: what, Of: of, Time: time, From: from})
}

func (b *Budget) detectLines() {
	c := b.corosync
	from := "token " + seconds(c.Token) + " + consensus " + seconds(c.Consensus)
	switch {
	case !c.Known:
		from += ", corosync 3's default: no corosync.conf is known"
	case !c.Given:
		from += ", corosync 3's default"
	default:
		from += " of corosync.conf"
	}
	b.add(Detect, "node hangs, loses its power or its links", b.lost(), from)
	b.add(Detect, "Pacemaker of a node dies", Span{time.Second, 2 * time.Second}, usualText)
	wait, from := b.election()
	b.add(Detect, "nodes boot, and look for one that decides", wait, from)
	for _, r := range b.cluster.services() {
		if s, from := b.notice(r); from != "" {
			b.add(Detect, "failure", s, from, r.id)
		}
	}
}

// lost is how long a lost node goes unnoticed.
func (b *Budget) lost() Span {
	d := b.corosync.Token + b.corosync.Consensus
	return Span{d, d + b.corosync.Token} // a message may be on its way when the token is lost, and the round begins again
}

// election is how long nodes that boot wait for one that decides already, before they
// choose one themselves.
func (b *Budget) election() (Span, string) {
	wait, from := 20*time.Second, "Pacemaker's default for dc-deadtime"
	if d, ok := duration(b.cluster.property("dc-deadtime")); ok && d > 0 {
		wait, from = d, "dc-deadtime"
	}
	return Span{wait, wait}, from
}

// notice is how long a failure of a resource goes unnoticed: half the interval of the
// most frequent monitor, or all of the deepest one's with its timeout.
func (b *Budget) notice(r primitive) (s Span, from string) {
	var every []string
	for _, m := range r.monitors() {
		if from == "" {
			s.Typical = m.interval / 2
		}
		s.Worst = max(s.Worst, m.interval+m.timeout)
		every = append(every, seconds(m.interval))
		from = "monitors every " + and(every)
	}
	if len(every) == 1 {
		from = strings.Replace(from, "monitors", "monitor", 1)
	}
	return s, from
}

// delayLines say how long the fencing of a node waits.
func (b *Budget) delayLines(node string) {
	s, from := b.delay(node)
	if from == "" {
		from = "no delay"
	}
	b.add(Delay, "before the fencing", s, from, node)
}

// delay is what the first method that fences a node waits. The devices of a level come
// one after the other, each after its own delay.
func (b *Budget) delay(node string) (s Span, from string) {
	methods := b.cluster.methods(node)
	if len(methods) == 0 {
		return s, ""
	}
	var origins []string
	for _, id := range methods[0] {
		p, _ := b.cluster.primitive(id)
		base := nodeDelay(p.params["pcmk_delay_base"], node)
		most := nodeDelay(p.params["pcmk_delay_max"], node)
		inAgent, _ := duration(p.params["delay"])
		s = s.plus(Span{base + max(0, most-base)/2, max(base, most)}).plus(Span{inAgent, inAgent})
		for name, d := range map[string]time.Duration{"pcmk_delay_base": base, "pcmk_delay_max": most, "delay": inAgent} {
			if d > 0 {
				origins = append(origins, name+" "+seconds(d)+" of "+id)
			}
		}
	}
	slices.Sort(origins)
	if d, _ := duration(b.cluster.property("priority-fencing-delay")); d > 0 {
		s.Worst += d // only while the node runs what is more important
		origins = append(origins, "priority-fencing-delay "+seconds(d)+" if it runs what is more important")
	}
	return s, and(origins)
}

// nodeDelay reads a delay, which may be one for each node.
func nodeDelay(text, node string) time.Duration {
	if own, ok := perNode(text, node); ok {
		text = own
	}
	d, _ := duration(text)
	return d
}

func (b *Budget) fenceLine(node string) {
	methods := b.cluster.methods(node)
	if len(methods) == 0 {
		b.add(Fence, "never", Span{}, "no device can", node)
		return
	}
	s, from := b.fencing(node)
	b.add(Fence, "off and seen off by "+and(methods[0]), s, from, node)
	if len(methods) > 1 {
		s, from := b.silence(node)
		b.add(Fence, "more, when "+and(methods[0])+" does not answer", s, from, node)
	}
}

// fencing is how long the first method takes: measured or usual; at worst all that the cluster allows.
func (b *Budget) fencing(node string) (Span, string) {
	limit, from := noStonithTime, "Pacemaker's default for stonith-timeout"
	if d, ok := duration(b.cluster.property("stonith-timeout", "fencing-timeout")); ok && d > 0 {
		limit, from = d, "stonith-timeout"
	}
	if b.measured > 0 {
		return Span{b.measured, max(b.measured, limit)}, "--fence-time; worst: " + from
	}
	return Span{usualBMC, max(usualBMC, limit)}, usualText + ", nobody measured it; worst: " + from
}

// silence is how long the first method of a node is tried when it does not answer: the
// login's time limit, for each try.
func (b *Budget) silence(node string) (Span, string) {
	first, _ := b.cluster.primitive(b.cluster.methods(node)[0][0])
	limit, ok := duration(first.params["login_timeout"])
	from := "login_timeout " + seconds(limit)
	if !ok || limit == 0 {
		limit, from = 5*time.Second, "a usual login_timeout of 5 s"
	}
	tries, err := strconv.Atoi(first.params["pcmk_reboot_retries"])
	if err != nil || tries < 1 {
		tries = 2 // pcmk_reboot_retries' default (pacemaker-fenced(7))
	}
	worst, _ := b.fencing(node)
	typical := time.Duration(min(tries, 100)) * limit
	return Span{typical, max(typical, worst.Worst)}, fmt.Sprintf("%s %s; worst: all of stonith-timeout", times(tries), from)
}

// takes is how long an operation of a resource takes: usually, and until it times out.
func (b *Budget) takes(r primitive, op string) (Span, string) {
	figures, known := usual[r.typ]
	if !known {
		figures = usualOther
	}
	typical := figures[0]
	if op == "stop" {
		typical = figures[1]
	}
	worst := r.timeout(op)
	return Span{min(typical, worst), worst}, usualText + "; worst: its timeout"
}

// Time sets the seconds of outcomes.
func (b Budget) Time(outcomes []Outcome) {
	for i := range outcomes {
		b.time(&outcomes[i])
	}
}

// time counts what is usual and what is worst, each along the graph.
func (b Budget) time(o *Outcome) {
	f := o.failure
	s := b.unnoticed(f)
	back := unique(slices.Concat(o.Restart, o.Moved, o.begun()))
	o.Seconds, o.Down = Span{}, nil
	if len(back) > 0 {
		o.Down = map[string]Span{}
	}
	when := func(pick func(Span) time.Duration) (stopped, started map[string]time.Duration) {
		return o.when(pick(s.plus(deciding)), pick(deciding), func(a action) time.Duration { return pick(b.action(o, a)) })
	}
	stopped, started := when(func(s Span) time.Duration { return s.Typical })
	late, later := when(func(s Span) time.Duration { return s.Worst })
	for _, r := range back {
		down := Span{started[r], later[r]}
		if !o.diesFirst(r) {
			down.Typical -= stopped[r]
			down.Worst -= late[r]
		}
		o.Down[r] = down
		o.Seconds.Typical, o.Seconds.Worst = max(o.Seconds.Typical, down.Typical), max(o.Seconds.Worst, down.Worst)
	}
}

// begun are the resources that did not run before and do after.
func (o *Outcome) begun() (list []string) {
	for r, nodes := range o.Runs {
		if nodes != "" && o.Before[r] == "" {
			list = append(list, r)
		}
	}
	return list
}

// diesFirst reports whether a resource is out of service from the failure on, and not
// only from the time when the cluster stops it.
func (o *Outcome) diesFirst(r string) bool {
	if o.Before[r] == "" || r == o.failure.Subject {
		return true
	}
	for _, n := range split(o.Before[r]) {
		switch o.failure.Kind {
		case NodeLost, NodesLost, BMCDead, LinkCut:
			if slices.Contains(o.failure.Nodes, n) {
				return true
			}
		}
	}
	return false
}

// unnoticed is how long a failure goes unnoticed.
func (b *Budget) unnoticed(f Failure) Span {
	switch f.Kind {
	case NodeLost, NodesLost, BMCDead, LinkCut:
		return b.lost()
	case ResourceFailed, Threshold, StartFailed, StopFailed:
		r, _ := b.cluster.primitive(f.Subject)
		s, _ := b.notice(r)
		return s
	case IsolatedBoot, BothBoot:
		s, _ := b.election()
		return s
	}
	return Span{} // somebody says so
}

// action is how long an action takes.
func (b *Budget) action(o *Outcome, a action) Span {
	switch {
	case a.op == fencing:
		s, _ := b.fencing(a.node)
		wait, _ := b.delay(a.node)
		s = s.plus(wait)
		if o.failure.Kind == BMCDead && len(b.cluster.methods(a.node)) > 1 {
			silent, _ := b.silence(a.node)
			s = s.plus(silent)
		}
		switch o.failure.Kind {
		case NodeLost, NodesLost, BMCDead, LinkCut, IsolatedBoot, BothBoot:
		default: // the node was a member, and corosync passes on no word of the fencing until it has lost it
			s = s.plus(b.lost())
		}
		return s
	case a.probe:
		return Span{200 * time.Millisecond, o.agents[a.resource].timeout("monitor")}
	case a.op == "start" || a.op == "stop" || a.op == "promote" || a.op == "demote":
		p := o.agents[a.resource]
		op := cmp.Or(map[string]string{"promote": "start", "demote": "stop"}[a.op], a.op)
		s, _ := b.takes(p, op)
		if p.isDevice() {
			s.Typical = 2 * time.Second
		}
		return s
	case a.op == "migrate_to" || a.op == "migrate_from":
		return Span{usualOther[0], o.agents[a.resource].timeout(a.op)}
	}
	return Span{}
}

// seconds writes a duration for people.
func seconds(d time.Duration) string {
	return strconv.FormatFloat(inSeconds(d), 'f', -1, 64) + " s"
}
