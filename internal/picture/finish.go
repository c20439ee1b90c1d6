package picture

import (
	"fmt"
	"slices"
	"strings"
)

const (
	laneHigh = 25.0
	laneRoom = 20.0 // between a box and the next lane: an arrow's head and a little more
	frameGap = 16.0 // between the nodes and the frame around them
)

// mark is an entry of the legend.
type mark struct {
	class string
	line
}

// legends are the kinds of arrows and what they mean, in the order of the legend.
var legends = []struct{ class, text string }{
	{"order", "order: starts in this direction"},
	{"order weak", "order, if both start anyway"},
	{"colocation", "colocation: on the node of"},
	{"colocation weak", "colocation, if possible"},
	{"colocation against", "never on the node of"},
	{"colocation weak against", "not on the node of, if possible"},
	{"location", "location: belongs to the node"},
	{"location weak", "location: prefers the node"},
	{"location against", "location: never on the node"},
	{"location weak against", "location: avoids the node"},
	{"fence", "fencing: powers the node off"},
}

// finish moves everything to the right of the captions and gives it its height.
func (d *drawing) finish() {
	d.quorum()
	left, right := 0.0, 0.0
	d.extent(&left, &right)
	shift := margin + captions - left
	for _, b := range d.boxes() {
		b.x += shift
	}
	for _, w := range d.wires() {
		w.labelX += shift
		for _, ends := range [][]float64{w.from, w.to} {
			for i := range ends {
				ends[i] += shift
			}
		}
	}
	d.width = max(right+shift+margin, 560)
	d.title = newLine(d.p.Title, true)
	d.title.text = fit(d.title.full, titleSize, true, d.width-2*margin)
	d.title.x, d.title.y = margin, margin+titleSize*0.8
	y := margin + titleSize + 26
	top := y
	for i := len(d.rows) - 1; i >= 0; i-- {
		y = d.placeRow(i, y)
		if i > 0 {
			y = d.placeGap(i-1, y)
		}
		if i == firstRow {
			d.caption("resources", (top+y-d.gapHeight(i-1))/2)
		}
	}
	d.legendAt(y + 30)
}

// quorum puts the quorum device beside the nodes.
func (d *drawing) quorum() {
	if d.p.QDevice.Host == "" || len(d.rows[nodeRow]) == 0 {
		return
	}
	b := &box{class: "qdevice", id: d.p.QDevice.Host, lines: []line{newLine("quorum device", false), newLine(d.p.QDevice.Host, true)}}
	if d.p.QDevice.Algorithm != "" {
		b.lines = append(b.lines, newLine(d.p.QDevice.Algorithm, false))
	}
	b.measure()
	last := d.rows[nodeRow][len(d.rows[nodeRow])-1]
	b.x = last.x + last.w + frameGap + 2*between
	d.qdevice = b
}

// boxes are all boxes that stand in a row, and the quorum device.
func (d *drawing) boxes() (all []*box) {
	for _, row := range d.rows {
		all = append(all, row...)
	}
	if d.qdevice != nil {
		all = append(all, d.qdevice)
	}
	return all
}

func (d *drawing) wires() (all []*wire) {
	for _, gap := range d.gaps {
		all = append(all, gap...)
	}
	return all
}

// extent widens left and right to hold all boxes and labels.
func (d *drawing) extent(left, right *float64) {
	first := true
	widen := func(l, r float64) {
		if first {
			*left, *right, first = l, r, false
		}
		*left, *right = min(*left, l), max(*right, r)
	}
	for _, b := range d.boxes() {
		widen(b.x, b.x+b.w)
	}
	for _, b := range d.rows[nodeRow] {
		widen(b.x-frameGap, b.x+b.w+frameGap)
	}
	for _, w := range d.wires() {
		widen(w.labelX-w.labelWidth()/2, w.labelX+w.labelWidth()/2)
	}
}

// placeRow gives the boxes of a row their height and returns where it ends. What
// stands on the nodes stands at the lower edge of its row, what is below them hangs
// from the upper one.
func (d *drawing) placeRow(i int, y float64) float64 {
	high := 0.0
	for _, b := range d.rows[i] {
		high = max(high, b.h)
	}
	switch {
	case i == nodeRow && d.qdevice != nil:
		high = max(high, d.qdevice.h)
	case i == deviceRow && high == 0:
		d.caption("no fencing", y+lineHigh)
		return y + 2*lineHigh
	case i == deviceRow:
		d.caption("fencing", y+high/2)
	}
	if i == nodeRow {
		y += frameGap
		d.caption("nodes", y+high/2)
	}
	for _, b := range d.rows[i] {
		switch {
		case b.id == "", i == nodeRow:
			b.h = high
			b.place(b.x, y)
		case i == deviceRow:
			b.place(b.x, y)
		default:
			b.place(b.x, y+high-b.h)
		}
	}
	y += high
	if i == nodeRow && len(d.rows[nodeRow]) > 0 {
		first, last := d.rows[nodeRow][0], d.rows[nodeRow][len(d.rows[nodeRow])-1]
		d.frame = box{class: "frame", x: first.x - frameGap, y: y - high - frameGap, w: last.x + last.w - first.x + 2*frameGap, h: high + 2*frameGap}
		if d.qdevice != nil {
			d.qdevice.place(d.qdevice.x, y-high/2-d.qdevice.h/2)
		}
		y += frameGap
	}
	return y
}

func (d *drawing) lanes(gap int) (n int) {
	for _, w := range d.gaps[gap] {
		n = max(n, w.lane+1)
	}
	return n
}

func (d *drawing) gapHeight(gap int) float64 {
	return max(2*laneRoom+float64(d.lanes(gap))*laneHigh, 50)
}

// placeGap gives the wires below a row their height. The shortest are nearest to
// what they stand on.
func (d *drawing) placeGap(gap int, y float64) float64 {
	for _, w := range d.gaps[gap] {
		w.y = y + d.gapHeight(gap) - laneRoom - (float64(w.lane)+0.5)*laneHigh
	}
	return y + d.gapHeight(gap)
}

// caption names a row.
func (d *drawing) caption(text string, y float64) {
	l := newLine(text, false)
	l.x, l.y = margin, y+smallSize*0.35
	d.captions = append(d.captions, l)
}

// legendAt explains the kinds of arrows that there are.
func (d *drawing) legendAt(y float64) {
	x := margin
	for _, l := range legends {
		if !slices.ContainsFunc(d.wires(), func(w *wire) bool { return w.class == l.class }) {
			continue
		}
		m := mark{l.class, newLine(l.text, false)}
		w := markLong + 8 + m.width()
		if x > margin && x+w > d.width-margin {
			x, y = margin, y+lineHigh+4
		}
		m.x, m.y = x+markLong+8, y
		d.legend = append(d.legend, m)
		x += w + 26
	}
	d.height = y + margin
}

// markLong is the length of an arrow in the legend.
const markLong = 40.0

// describe is the picture in words, for those who do not see it.
func (p Picture) describe() string {
	var b strings.Builder
	list := func(what string, items []string) {
		if len(items) > 0 {
			fmt.Fprintf(&b, "%s: %s. ", what, strings.Join(items, "; "))
		}
	}
	var nodes, blocks, rules, devices []string
	for _, n := range p.Nodes {
		nodes = append(nodes, strings.TrimSpace(n.Name+" "+strings.Join(append(slices.Clone(n.Addrs), n.Notes...), " ")))
	}
	for _, bl := range p.Blocks {
		var ids []string
		for _, m := range bl.Members {
			ids = append(ids, strings.TrimSpace(m.ID+" "+m.Address))
		}
		if bl.Kind == "" {
			blocks = append(blocks, ids...)
		} else {
			blocks = append(blocks, fmt.Sprintf("%s %s with %s", bl.Kind, bl.ID, strings.Join(ids, ", ")))
		}
	}
	for _, r := range p.Rules {
		_, tip := r.look()
		rules = append(rules, tip)
	}
	for _, dev := range p.Devices {
		for _, t := range dev.Targets {
			devices = append(devices, t.sentence(dev.ID))
		}
	}
	list("Nodes", nodes)
	if p.QDevice.Host != "" {
		list("Quorum device", []string{p.QDevice.Host})
	}
	list("Resources", blocks)
	list("Constraints", rules)
	list("Fencing", devices)
	return printable(strings.TrimSpace(b.String()))
}
