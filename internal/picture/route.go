package picture

import (
	"cmp"
	"slices"
)

// What a route costs. Nothing is worth a label over another one or two wires in one
// another; an arrow through a label is worse than many that cross.
const (
	costOverlap = 1e6
	costThrough = 1e3
	costCross   = 6
	costLane    = 4
	rounds      = 8 // of looking for something better
)

// route gives every wire of a gap a lane, the lowest being 0, and its label a place on
// it. From several orders in which the wires choose, the one with the best end counts.
func route(wires []*wire) {
	middle := func(w *wire) float64 { l, r := w.span(); return l + r }
	orders := []func(a, b *wire) int{
		func(a, b *wire) int { return cmp.Compare(a.length(), b.length()) },
		func(a, b *wire) int { return cmp.Compare(b.length(), a.length()) },
		func(a, b *wire) int { return cmp.Compare(middle(a), middle(b)) },
		func(a, b *wire) int { return cmp.Compare(middle(b), middle(a)) },
		func(a, b *wire) int { return cmp.Compare(a.from[0], b.from[0]) },
		func(a, b *wire) int { return cmp.Compare(b.to[0], a.to[0]) },
		func(a, b *wire) int { return cmp.Compare(b.labelWidth(), a.labelWidth()) },
	}
	type place struct {
		lane int
		x    float64
	}
	var best []place
	least := 0.0
	for i, order := range orders {
		settled := settleWires(slices.SortedStableFunc(slices.Values(wires), order))
		if cost := total(settled); i == 0 || cost < least {
			best, least = nil, cost
			for _, w := range wires {
				best = append(best, place{w.lane, w.labelX})
			}
		}
	}
	for i, p := range best {
		wires[i].lane, wires[i].labelX = p.lane, p.x
	}
}

// settleWires lets wires choose in their order, and then again until nothing changes.
func settleWires(wires []*wire) []*wire {
	for i, w := range wires {
		w.choose(wires[:i])
	}
	for range rounds {
		changed := false
		for i, w := range wires {
			lane, x := w.lane, w.labelX
			w.choose(append(slices.Clone(wires[:i]), wires[i+1:]...))
			changed = changed || lane != w.lane || x != w.labelX
		}
		if !changed {
			break
		}
	}
	return wires
}

// total is what all wires cost together.
func total(wires []*wire) (cost float64) {
	for i, w := range wires {
		cost += float64(w.lane) * costLane
		for _, o := range wires[:i] {
			cost += w.against(o)
		}
	}
	return cost
}

func (w *wire) length() float64 {
	l, r := w.span()
	return r - l
}

// choose takes the cheapest lane and place among the others.
func (w *wire) choose(others []*wire) {
	lanes := 0
	for _, o := range others {
		lanes = max(lanes, o.lane+1)
	}
	lane, x, least := 0, 0.0, 0.0
	places := w.places()
	for l := range lanes + 1 {
		for i, at := range places {
			w.lane, w.labelX = l, at
			cost := float64(l)*costLane + float64(i)
			for _, o := range others {
				if cost += w.against(o); least > 0 && cost >= least {
					break
				}
			}
			if least == 0 || cost+1 < least { // plus one: 0 stands for none yet
				lane, x, least = l, at, cost+1
			}
		}
	}
	w.lane, w.labelX = lane, x
}

// places are where the label of a wire may be, the best first.
func (w *wire) places() []float64 {
	left, right := w.span()
	half := w.labelWidth() / 2
	ends := append(slices.Clone(w.from), w.to...)
	slices.Sort(ends)
	var places []float64
	if right-left < 2 {
		places = append(places, left)
	}
	for i := 1; i < len(ends); i++ {
		if ends[i]-ends[i-1] > 2*half+24 {
			places = append(places, (ends[i-1]+ends[i])/2)
		}
	}
	places = append(places, w.from...)
	places = append(places, w.to...)
	if right-left > 2*half+24 {
		places = append(places, left+half+12, right-half-12)
	}
	return append(places, left-half+6, right+half-6, left-half-4, right+half+4)
}

// against is what it costs that two wires are where they are.
func (w *wire) against(o *wire) (cost float64) {
	if w.lane == o.lane {
		l, r := w.reach()
		ol, or := o.reach()
		if l < or+10 && ol < r+10 {
			cost += costOverlap
		}
	}
	cost += w.cut(o) + o.cut(w)
	for _, f := range w.from {
		for _, t := range o.to {
			if abs(f-t) < 5 && o.lane <= w.lane {
				cost += costThrough
			}
		}
	}
	for _, t := range w.to {
		for _, f := range o.from {
			if abs(f-t) < 5 && w.lane <= o.lane {
				cost += costThrough
			}
		}
	}
	return cost
}

// cut is what it costs where the upright strokes of o go through w and its label.
func (w *wire) cut(o *wire) (cost float64) {
	left, right := w.span()
	half := w.labelWidth() / 2
	through := func(x float64) {
		if half > 0 && abs(x-w.labelX) < half+3 {
			cost += costThrough
		}
		if x > left && x < right {
			cost += costCross
		}
	}
	for _, x := range o.from {
		if w.lane <= o.lane {
			through(x)
		}
	}
	for _, x := range o.to {
		if w.lane >= o.lane {
			through(x)
		}
	}
	return cost
}

// reach is from where to where a wire reaches with its label.
func (w *wire) reach() (left, right float64) {
	left, right = w.span()
	half := w.labelWidth() / 2
	return min(left, w.labelX-half), max(right, w.labelX+half)
}

func (w *wire) labelWidth() float64 {
	if w.label == "" {
		return 0
	}
	return textWidth(w.label, smallSize, false) + 4
}
