package picture

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"
)

// style is how things look. The background is drawn, so that a viewer with a dark
// one shows the same.
const style = `
text { font-family: "Helvetica Neue", Helvetica, Arial, "Liberation Sans", "DejaVu Sans", sans-serif; fill: #1f2933; font-size: 11.5px; }
.bold { font-weight: 600; font-size: 14px; }
.title { font-weight: 600; font-size: 20px; }
.small { fill: #52606d; }
.caption { fill: #7b8794; letter-spacing: 0.5px; }
.accent { fill: #8a5a00; font-weight: 600; }
.paper { fill: #ffffff; }
.frame { fill: #f4f8fd; stroke: #c3d4ea; }
.node { fill: #dbe8f8; stroke: #3b6fb6; stroke-width: 1.5; }
.group { fill: #f5f6f8; stroke: #9aa5b1; stroke-dasharray: 5 3; }
.resource { fill: #ffffff; stroke: #7b8794; }
.vip { fill: #fff6dc; stroke: #c98a00; }
.device { fill: #fdeceb; stroke: #c0392b; }
.qdevice { fill: #eef7f0; stroke: #1e7d4f; }
.link { stroke: #3b6fb6; stroke-width: 2; }
.vote { stroke: #1e7d4f; stroke-width: 1.5; stroke-dasharray: 2 3; }
.wire { fill: none; stroke-width: 1.6; }
.wire.order { stroke: #1f5fa8; }
.wire.colocation { stroke: #7a3fb0; stroke-dasharray: 7 4; }
.wire.location { stroke: #1e7d4f; stroke-dasharray: 2 3; }
.wire.fence { stroke: #c0392b; }
.wire.weak { stroke-width: 1.1; }
.wire.order.weak { stroke-dasharray: 1 3; }
.wire.against { stroke: #b3541e; }
.head { stroke: none; }
.head.order, .label.order { fill: #1f5fa8; }
.head.colocation, .label.colocation { fill: #7a3fb0; }
.head.location, .label.location { fill: #1e7d4f; }
.head.fence, .label.fence { fill: #c0392b; }
.head.against, .label.against { fill: #b3541e; }
.then { fill: none; stroke: #7b8794; stroke-width: 1.3; }
`

// SVG draws the picture as an SVG 1.1 document that needs nothing else: text is text,
// and there are no scripts, no fonts and no references.
func (p Picture) SVG() []byte {
	d := layOut(p)
	var b bytes.Buffer
	fmt.Fprintf(&b, `<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" version="1.1" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f" role="img" aria-labelledby="title desc">
<title id="title">%s</title>
<desc id="desc">%s</desc>
<style type="text/css">%s</style>
<rect class="paper" x="0" y="0" width="%.0f" height="%.0f"/>
`, d.width, d.height, d.width, d.height, escape(printable(p.Title)), escape(p.describe()), style, d.width, d.height)
	drawText(&b, d.title, "title", "start")
	for _, c := range d.captions {
		drawText(&b, c, "caption", "start")
	}
	if d.frame.w > 0 {
		drawRect(&b, &d.frame, 10)
	}
	d.drawLinks(&b)
	for _, w := range d.wires() {
		w.draw(&b)
	}
	for _, w := range d.wires() {
		w.drawLabel(&b)
	}
	for _, box := range d.boxes() {
		drawBox(&b, box)
	}
	for _, m := range d.legend {
		y := m.y - smallSize*0.35
		fmt.Fprintf(&b, `<path class="wire %s" d="M%.1f %.1f H%.1f"/>`+"\n", m.class, m.x-markLong-8, y, m.x-16)
		drawHead(&b, m.class, m.x-8, y, 1, 0)
		drawText(&b, m.line, "small", "start")
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a strings.Builder takes everything
	return b.String()
}

func drawText(b *bytes.Buffer, l line, class, anchor string) {
	tip := ""
	if l.full != l.text {
		tip = "<title>" + escape(l.full) + "</title>"
	}
	fmt.Fprintf(b, `<text class="%s" x="%.1f" y="%.1f" text-anchor="%s">%s%s</text>`+"\n", class, l.x, l.y, anchor, tip, escape(l.text))
}

func drawRect(b *bytes.Buffer, r *box, radius float64) {
	fmt.Fprintf(b, `<rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="%.0f"/>`+"\n", r.class, r.x, r.y, r.w, r.h, radius)
}

func drawBox(b *bytes.Buffer, r *box) {
	if r.id == "" {
		return
	}
	radius := 7.0
	if len(r.members) > 0 {
		radius = 10
	}
	drawRect(b, r, radius)
	for _, l := range r.lines {
		class := "small"
		switch {
		case l.bold:
			class = "bold"
		case l.accent:
			class = "accent"
		}
		drawText(b, l, class, "middle")
	}
	for i, m := range r.members {
		if i > 0 { // the one before starts first
			x, y := m.x, m.y+m.h/2
			fmt.Fprintf(b, `<path class="then" d="M%.1f %.1f H%.1f M%.1f %.1f L%.1f %.1f L%.1f %.1f"/>`+"\n", x-inGroup+3, y, x-3, x-8, y-4, x-3, y, x-8, y+4)
		}
		drawBox(b, m)
	}
}

// drawLinks draws a line between neighbours for each link that both have, and the
// vote of the quorum device.
func (d *drawing) drawLinks(b *bytes.Buffer) {
	row := d.rows[nodeRow]
	for i := 1; i < len(row); i++ {
		x, y, to := row[i-1].x+row[i-1].w, row[i].y+row[i].h/2, row[i].x
		n := max(1, min(len(d.p.Nodes[i-1].Addrs), len(d.p.Nodes[i].Addrs)))
		for link := range n {
			at := y + (float64(link)-float64(n-1)/2)*7
			fmt.Fprintf(b, `<path class="link" d="M%.1f %.1f H%.1f"><title>link %d</title></path>`+"\n", x, at, to, link)
		}
	}
	if q := d.qdevice; q != nil {
		fmt.Fprintf(b, `<path class="vote" d="M%.1f %.1f H%.1f"><title>vote of the quorum device</title></path>`+"\n", d.frame.x+d.frame.w, q.y+q.h/2, q.x)
	}
}

// bend is the radius of a wire's corners.
const bend = 7.0

// draw draws a wire as one path, so that strokes that lie in one another count once.
func (w *wire) draw(b *bytes.Buffer) {
	var path, heads bytes.Buffer
	for i, low := range w.below {
		for j, high := range w.above {
			start, end := low.y, high.y+high.h
			switch {
			case w.noHead:
			case w.downwards:
				drawHead(&heads, w.class, w.from[i], start, 0, 1)
				start -= 6
			default:
				drawHead(&heads, w.class, w.to[j], end, 0, -1)
				end += 6
			}
			fmt.Fprintf(&path, "M%.1f %.1f %sV%.1f ", w.from[i], start, turn(w.from[i], w.to[j], w.y), end)
		}
		if low.id == "" { // through the row that it passes
			fmt.Fprintf(&path, "M%.1f %.1f V%.1f ", w.from[i], low.y+low.h, low.y)
		}
	}
	fmt.Fprintf(b, `<path class="wire %s" d="%s"><title>%s</title></path>`+"\n", w.class, bytes.TrimSpace(path.Bytes()), escape(printable(w.tip)))
	b.Write(heads.Bytes())
}

// turn goes up to y, over from x1 to x2, and on up, with round corners.
func turn(x1, x2, y float64) string {
	r := min(bend, abs(x2-x1)/2)
	if r < 0.5 {
		return fmt.Sprintf("V%.1f L%.1f %.1f ", y, x2, y)
	}
	side := r
	if x2 < x1 {
		side = -r
	}
	return fmt.Sprintf("V%.1f Q%.1f %.1f %.1f %.1f H%.1f Q%.1f %.1f %.1f %.1f ", y+r, x1, y, x1+side, y, x2-side, x2, y, x2, y-r)
}

// drawHead draws the head of an arrow with its point at x, y, in the direction dx,
// dy.
func drawHead(b *bytes.Buffer, class string, x, y, dx, dy float64) {
	fmt.Fprintf(b, `<path class="head %s" d="M%.1f %.1f L%.1f %.1f L%.1f %.1f Z"/>`+"\n",
		class, x, y, x-dx*9-dy*4.5, y-dy*9-dx*4.5, x-dx*9+dy*4.5, y-dy*9+dx*4.5)
}

func (w *wire) drawLabel(b *bytes.Buffer) {
	if w.label == "" {
		return
	}
	wide := w.labelWidth()
	fmt.Fprintf(b, `<rect class="paper" x="%.1f" y="%.1f" width="%.1f" height="16" rx="3"/>`+"\n", w.labelX-wide/2, w.y-8, wide)
	drawText(b, line{text: printable(w.label), full: printable(w.label), x: w.labelX, y: w.y + smallSize*0.35}, "label "+w.class, "middle")
}
