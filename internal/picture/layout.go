package picture

import (
	"cmp"
	"slices"
)

// Distances in pixels.
const (
	margin     = 28.0
	captions   = 104.0 // the column at the left that names the rows
	padX, padY = 14.0, 11.0
	lineHigh   = 18.0
	between    = 34.0  // boxes of one row
	inGroup    = 22.0  // members of a group
	maxText    = 250.0 // width of a line of text in a box
	maxRow     = 1180.0
)

// drawing is a picture with a place for everything. Rows are numbered from below:
// fence devices, nodes, then what stands on them.
type drawing struct {
	p             Picture
	title         line
	rows          [][]*box
	gaps          [][]*wire // above each row but the last
	captions      []line
	legend        []mark
	qdevice       *box
	frame         box // around the nodes
	width, height float64
}

const (
	deviceRow = iota
	nodeRow
	firstRow
)

// layOut finds a place for everything.
func layOut(p Picture) *drawing {
	d := &drawing{p: p, rows: [][]*box{nil, nil}}
	for _, dev := range p.Devices {
		d.rows[deviceRow] = append(d.rows[deviceRow], deviceBox(dev))
	}
	for _, n := range p.Nodes {
		d.rows[nodeRow] = append(d.rows[nodeRow], nodeBox(n))
	}
	d.stack()
	wires := d.connect()
	for _, row := range d.rows {
		for _, b := range row {
			b.measure()
		}
	}
	d.widen()
	d.spread(wires)
	d.gaps = make([][]*wire, len(d.rows))
	for _, w := range wires {
		d.gaps[w.row] = append(d.gaps[w.row], w)
	}
	for i := range d.gaps {
		attach(d.gaps[i])
	}
	d.finish()
	return d
}

func deviceBox(dev Device) *box {
	b := &box{class: "device", id: dev.ID, lines: []line{newLine(dev.ID, true), newLine(dev.Agent, false)}}
	if dev.Address != "" {
		b.lines = append(b.lines, newLine(dev.Address, false))
	}
	return b
}

func nodeBox(n Node) *box {
	b := &box{class: "node", id: n.Name, lines: []line{newLine(n.Name, true)}}
	for _, a := range n.Addrs {
		b.lines = append(b.lines, newLine(a, false))
	}
	for _, note := range n.Notes {
		b.lines = append(b.lines, newLine(note, false))
	}
	return b
}

func blockBox(bl Block) *box {
	if bl.Kind == "" {
		return resourceBox(bl.Members[0])
	}
	b := &box{class: "group", id: bl.ID, lines: []line{newLine(bl.Kind+" "+bl.ID, false)}}
	for _, m := range bl.Members {
		b.members = append(b.members, resourceBox(m))
	}
	return b
}

func resourceBox(r Resource) *box {
	b := &box{class: "resource", id: r.ID, lines: []line{newLine(r.ID, true)}}
	if r.Address != "" {
		a := newLine(r.Address, false)
		a.accent, b.class = true, "vip"
		b.lines = append(b.lines, a)
	}
	b.lines = append(b.lines, newLine(r.Agent, false))
	return b
}

// base returns what a rule's arrow stands on, and what stands on it.
func (p Picture) base(r Rule) (base, upon string) {
	if r.Kind == Order {
		return p.block(r.From).ID, p.block(r.To).ID
	}
	return p.block(r.To).ID, p.block(r.From).ID
}

// stack gives every block its row: above all that it starts after or runs beside,
// except where that goes round in a circle. A row that is too wide becomes several.
func (d *drawing) stack() {
	bases := map[string][]string{}
	for _, r := range d.p.Rules {
		if r.Kind != Location {
			base, upon := d.p.base(r)
			bases[upon] = append(bases[upon], base)
		}
	}
	level := map[string]int{}
	onPath := map[string]bool{}
	var visit func(id string) int
	visit = func(id string) int {
		if l, ok := level[id]; ok {
			return l
		}
		onPath[id] = true
		l := 0
		for _, b := range bases[id] {
			if !onPath[b] {
				l = max(l, visit(b)+1)
			}
		}
		delete(onPath, id)
		level[id] = l
		return l
	}
	levels := make([][]*box, len(d.p.Blocks)+1)
	for _, bl := range d.p.Blocks {
		if bl.Kind == "" && len(bl.Members) == 0 {
			continue
		}
		l := visit(bl.ID)
		levels[l] = append(levels[l], blockBox(bl))
	}
	for _, boxes := range levels {
		d.rows = append(d.rows, inRows(boxes)...)
	}
}

// inRows splits boxes into as few rows of about the same length as fit.
func inRows(boxes []*box) (rows [][]*box) {
	total := 0.0
	for _, b := range boxes {
		c := *b // measured for good later
		c.measure()
		total += c.w + between
	}
	n := int(total/maxRow) + 1
	per := (len(boxes) + n - 1) / n
	for len(boxes) > 0 {
		k := min(per, len(boxes))
		rows, boxes = append(rows, boxes[:k]), boxes[k:]
	}
	return rows
}

// widen makes nodes as wide as the fence devices that are theirs alone, which then
// hang right below them.
func (d *drawing) widen() {
	for i, dev := range d.p.Devices {
		for j, n := range d.p.Nodes {
			if len(dev.Targets) == 1 && dev.Targets[0].Node == n.Name {
				d.rows[nodeRow][j].w = max(d.rows[nodeRow][j].w, d.rows[deviceRow][i].w)
			}
		}
	}
}

// spread gives the boxes of every row their places from left to right: the nodes
// first, the others as near to what they are connected with as there is room.
func (d *drawing) spread(wires []*wire) {
	settle(d.rows[nodeRow])
	for i := firstRow; i < len(d.rows); i++ {
		d.follow(i, wires, func(w *wire) (row int, mine, others []*box) { return w.row + 1, w.above, w.below })
	}
	d.follow(deviceRow, wires, func(w *wire) (row int, mine, others []*box) { return w.row, w.below, w.above })
}

// follow places a row by what its boxes are connected with; those that are not,
// stand in the middle.
func (d *drawing) follow(row int, wires []*wire, ends func(*wire) (row int, mine, others []*box)) {
	middle := 0.0
	if nodes := d.rows[nodeRow]; len(nodes) > 0 {
		middle = (nodes[0].x + nodes[len(nodes)-1].x + nodes[len(nodes)-1].w) / 2
	}
	sum, count := map[*box]float64{}, map[*box]float64{}
	for _, w := range wires {
		at, mine, others := ends(w)
		if at != row {
			continue
		}
		for _, b := range mine {
			for _, o := range others {
				sum[b], count[b] = sum[b]+o.center(), count[b]+1
			}
		}
	}
	for _, b := range d.rows[row] {
		b.want = middle
		if count[b] > 0 {
			b.want = sum[b] / count[b]
		}
	}
	slices.SortStableFunc(d.rows[row], func(a, b *box) int { return cmp.Compare(a.want, b.want) })
	settle(d.rows[row])
}

// settle places boxes in their order, none over another, with the least sum of
// squares of the ways from where they want to be: isotonic regression by pooling
// adjacent violators.
func settle(boxes []*box) {
	type pool struct{ sum, n float64 }
	var pools []pool
	offsets := make([]float64, len(boxes))
	for i, b := range boxes {
		if i > 0 {
			offsets[i] = offsets[i-1] + (boxes[i-1].w+b.w)/2 + between
		}
		pools = append(pools, pool{b.want - offsets[i], 1})
		for n := len(pools); n > 1 && pools[n-2].sum/pools[n-2].n > pools[n-1].sum/pools[n-1].n; n-- {
			pools[n-2].sum += pools[n-1].sum
			pools[n-2].n += pools[n-1].n
			pools = pools[:n-1]
		}
	}
	i := 0
	for _, p := range pools {
		for range int(p.n) {
			boxes[i].x = p.sum/p.n + offsets[i] - boxes[i].w/2
			i++
		}
	}
}
