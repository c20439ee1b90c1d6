package picture

// line is one line of text in a box.
type line struct {
	text   string // as it is drawn
	full   string // what it stands for
	bold   bool
	accent bool // an address that moves
	x, y   float64
}

func (l line) size() float64 {
	if l.bold {
		return nameSize
	}
	return smallSize
}

func newLine(text string, bold bool) line {
	text = printable(text)
	l := line{full: text, bold: bold}
	l.text = fit(text, l.size(), bold, maxText)
	return l
}

func (l line) width() float64 { return textWidth(l.text, l.size(), l.bold) }

// box is a rectangle with lines of text and perhaps boxes in it. X and y are its
// upper left corner.
type box struct {
	class      string
	id         string // of the block, device or node; "" for a place that an arrow passes
	lines      []line
	members    []*box
	x, y, w, h float64

	want float64 // where its centre should be
}

func (b *box) center() float64 { return b.x + b.w/2 }

// measure gives a box without members its size, and one with members theirs.
func (b *box) measure() {
	if b.id == "" {
		b.w = 10
		return
	}
	for _, l := range b.lines {
		b.w = max(b.w, l.width()+2*padX)
	}
	b.h = float64(len(b.lines))*lineHigh + 2*padY - 4
	if len(b.members) == 0 {
		b.w = max(b.w, 104)
		return
	}
	w, h := padX, 0.0
	for _, m := range b.members {
		m.measure()
		w += m.w + inGroup
		h = max(h, m.h)
	}
	for _, m := range b.members {
		m.h = h
	}
	b.w, b.h = max(b.w, w-inGroup+padX), b.h+h+padY
}

// place moves a box, and what is in it, to where it belongs.
func (b *box) place(x, y float64) {
	b.x, b.y = x, y
	top := y + padY - 4
	if len(b.members) == 0 {
		top = y + (b.h-float64(len(b.lines))*lineHigh)/2 - 1
	}
	for i := range b.lines {
		l := &b.lines[i]
		l.x, l.y = x+b.w/2, top+lineHigh*float64(i)+lineHigh*0.75
	}
	at := x + padX
	for _, m := range b.members {
		m.place(at, y+b.h-m.h-padY)
		at += m.w + inGroup
	}
}
