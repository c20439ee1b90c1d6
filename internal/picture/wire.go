package picture

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// wire is an arrow, or several that say the same of one thing, in the gap between
// two rows: up from what is below to a height of its own, and from there to what is
// above.
type wire struct {
	class        string // what it says, for its looks: order, colocation, location, fence; with "weak" and "against"
	label        string
	tip          string // what it says in full
	row          int    // the lower of its rows
	below, above []*box // one of them has one box
	downwards    bool   // the head is below
	noHead       bool   // it goes on behind a place in the row where the head would be

	from, to []float64 // x of the ends on below and above
	y        float64
	lane     int
	labelX   float64 // the centre of its label
}

// connect turns rules and fence devices into wires, with places to pass in the rows
// that they cross.
func (d *drawing) connect() (wires []*wire) {
	type where struct {
		row int
		box *box
	}
	type name struct {
		row int // firstRow for all that are resources
		id  string
	}
	at := map[name]where{}
	for row, boxes := range d.rows {
		for _, b := range boxes {
			at[name{min(row, firstRow), b.id}] = where{row, b}
		}
	}
	find := func(row int, id string) where { return at[name{row, id}] }
	type key struct {
		class, label string
		base         *box
		row          int
		down         bool
	}
	found := map[key]*wire{}
	add := func(class, label, tip string, low, high where, down bool) {
		if low.box == nil || high.box == nil {
			return
		}
		if low.row > high.row {
			low, high, down = high, low, !down
		}
		k := key{class, label, low.box, high.row, down}
		if w := found[k]; w != nil {
			if !slices.Contains(w.above, high.box) {
				w.above = append(w.above, high.box)
				w.tip += "; " + tip
			}
			return
		}
		w := &wire{class: class, label: label, tip: tip, row: low.row, below: []*box{low.box}, above: []*box{high.box}, downwards: down}
		found[k], wires = w, append(wires, w)
	}
	for _, r := range d.p.Rules {
		class, tip := r.look()
		label := d.p.within(r)
		if r.Kind == Location {
			add(class, label, tip, find(nodeRow, r.To), find(firstRow, d.p.block(r.From).ID), true)
			continue
		}
		base, upon := d.p.base(r)
		add(class, label, tip, find(firstRow, base), find(firstRow, upon), r.Kind == Colocation)
	}
	for _, dev := range d.p.Devices {
		for _, t := range dev.Targets {
			add("fence", t.label(), t.sentence(dev.ID), find(deviceRow, dev.ID), find(nodeRow, t.Node), false)
		}
	}
	return d.cut(wires)
}

// within is a rule's label when it means members of a group and not all of it.
func (p Picture) within(r Rule) string {
	label := r.Label
	if r.Kind == Order {
		if p.block(r.From).ID != r.From {
			label = "after " + r.From + strings.TrimPrefix(label, "then")
		}
		if p.block(r.To).ID != r.To {
			label += ", before " + r.To
		}
		return label
	}
	if p.block(r.From).ID != r.From {
		label = r.From + ": " + label
	}
	if r.Kind == Colocation && p.block(r.To).ID != r.To {
		label += ", as " + r.To
	}
	return label
}

// look is a rule's class and what it says in full.
func (r Rule) look() (class, tip string) {
	class = string(r.Kind)
	if r.Weak {
		class += " weak"
	}
	if r.Against {
		class += " against"
	}
	switch r.Kind {
	case Order:
		tip = fmt.Sprintf("%s, then %s", r.From, r.To)
	case Colocation:
		tip = fmt.Sprintf("%s with %s", r.From, r.To)
	default:
		tip = fmt.Sprintf("%s %s %s", r.From, r.Label, r.To)
	}
	if r.Kind != Location && r.Label != "then" {
		tip += ": " + r.Label
	}
	return class, tip
}

// label says how a device fences a node.
func (t Target) label() string {
	var says []string
	if t.Level > 0 {
		says = append(says, "level "+strconv.Itoa(t.Level))
	}
	if t.Plug != "" {
		says = append(says, "plug "+t.Plug)
	}
	if t.Delay > 0 {
		says = append(says, "after "+inWords(t.Delay))
	}
	if len(says) == 0 {
		return "at once"
	}
	return strings.Join(says, ", ")
}

// sentence says it in full.
func (t Target) sentence(device string) string {
	return fmt.Sprintf("%s fences %s (%s)", device, t.Node, t.label())
}

func inWords(d time.Duration) string {
	if d%time.Second == 0 {
		return strconv.FormatInt(int64(d/time.Second), 10) + " s"
	}
	return strconv.FormatInt(d.Milliseconds(), 10) + " ms"
}

// cut makes pieces of the wires that cross rows, with a place to pass in each.
func (d *drawing) cut(wires []*wire) (pieces []*wire) {
	rowOf := map[*box]int{}
	for i, row := range d.rows {
		for _, b := range row {
			rowOf[b] = i
		}
	}
	for _, w := range wires {
		top, low := rowOf[w.above[0]], w.below
		for row := w.row; row < top-1; row++ {
			pass := &box{}
			d.rows[row+1] = append(d.rows[row+1], pass)
			piece := *w
			piece.row, piece.below, piece.above, piece.noHead = row, low, []*box{pass}, !w.downwards
			if row > w.row {
				piece.label, piece.noHead = "", true
			}
			pieces = append(pieces, &piece)
			low = piece.above
		}
		last := *w
		last.row, last.below = top-1, low
		if top-1 > w.row {
			last.label, last.noHead = "", w.downwards
		}
		pieces = append(pieces, &last)
	}
	return pieces
}

// attach gives the ends of the wires in one gap their places on the boxes, then each
// wire a lane and its label a place where no other wire passes.
func attach(wires []*wire) {
	for _, w := range wires {
		w.from, w.to = make([]float64, len(w.below)), make([]float64, len(w.above))
	}
	ports(wires, func(w *wire) ([]*box, []float64, []*box) { return w.below, w.from, w.above })
	ports(wires, func(w *wire) ([]*box, []float64, []*box) { return w.above, w.to, w.below })
	apart(wires)
	route(wires)
}

// ports spreads the ends of wires along the side of each box, in the order of where
// they lead.
func ports(wires []*wire, side func(*wire) (boxes []*box, x []float64, others []*box)) {
	type end struct {
		x    *float64
		lead float64
	}
	ends := map[*box][]end{}
	var order []*box
	for _, w := range wires {
		boxes, x, others := side(w)
		lead := 0.0
		for _, o := range others {
			lead += o.center() / float64(len(others))
		}
		for i, b := range boxes {
			if ends[b] == nil {
				order = append(order, b)
			}
			ends[b] = append(ends[b], end{&x[i], lead})
		}
	}
	for _, b := range order {
		all := ends[b]
		slices.SortStableFunc(all, func(a, c end) int { return cmp.Compare(a.lead, c.lead) })
		step := min(26, (b.w-20)/float64(len(all)))
		for i, e := range all {
			*e.x = b.center() + (float64(i)-float64(len(all)-1)/2)*step
		}
	}
}

// apart moves the ends that would lie over the end of another wire on the other
// side.
func apart(wires []*wire) {
	for _, w := range wires {
		for i, x := range w.to {
			for _, o := range wires {
				if o != w && slices.ContainsFunc(o.from, func(f float64) bool { return abs(f-x) < 6 }) && w.above[i].w > 60 {
					w.to[i] = x + 9
				}
			}
		}
	}
}

func abs(x float64) float64 { return max(x, -x) }

// span is from where to where a wire reaches without its label.
func (w *wire) span() (left, right float64) {
	all := append(slices.Clone(w.from), w.to...)
	return slices.Min(all), slices.Max(all)
}
