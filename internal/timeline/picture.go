package timeline

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

// Measures of the picture, in its own units.
const (
	pictureWidth = 960.0
	leftMargin   = 190.0 // of the names
	rightMargin  = 170.0 // of the figures behind the last bars
	rowHeight    = 24.0
	barHeight    = 14.0
	headHeight   = 26.0 // of the axis
	mostRows     = 60
	mostLetters  = 28 // of a name
)

// picture draws one row for each thing that lasted, below an axis of seconds; what was
// usual is a dashed frame.
func (e Episode) picture(b *strings.Builder) {
	bars := e.Bars[:min(len(e.Bars), mostRows)]
	end := 0.0
	for _, bar := range bars {
		end = max(end, bar.End)
		if bar.Plan != nil {
			end = max(end, bar.Begin+bar.Plan.Usual)
		}
	}
	step := tick(end)
	end = max(end, step)
	room := pictureWidth - leftMargin - rightMargin
	x := func(seconds float64) float64 { return leftMargin + seconds/end*room }
	height := headHeight + float64(len(bars))*rowHeight + 8
	fmt.Fprintf(b, `<svg viewBox="0 0 %.0f %.0f" role="img" aria-label="%s">`+"\n", pictureWidth, height, escape(e.Title+": what took how long; the table below says the same"))
	for i := 0; float64(i)*step <= end+step/1000; i++ {
		at := x(float64(i) * step)
		fmt.Fprintf(b, `<path class="grid" d="M%.1f %.1f V%.1f"/><text class="soft" x="%.1f" y="14" text-anchor="middle">%s s</text>`+"\n",
			at, headHeight-6, height-4, at, strings.TrimSuffix(fmt.Sprintf("%.1f", float64(i)*step), ".0"))
	}
	for i, bar := range bars {
		y := headHeight + float64(i)*rowHeight
		middle, top := y+rowHeight/2+4, y+(rowHeight-barHeight)/2
		class := bar.Kind
		if bar.Bad {
			class = "bad"
		}
		fmt.Fprintf(b, `<g><title>%s</title><text x="%.1f" y="%.1f" text-anchor="end">%s</text>`, escape(bar.Words), leftMargin-10, middle, escape(bar.name()))
		fmt.Fprintf(b, `<rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="2"/>`, class, x(bar.Begin), top, max(2, x(bar.End)-x(bar.Begin)), barHeight)
		right, figure := x(bar.End), fmt.Sprintf("%.2f s", bar.End-bar.Begin)
		if bar.Plan != nil {
			fmt.Fprintf(b, `<rect class="plan" x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="2"/>`, x(bar.Begin), top-2.5, max(2, x(bar.Begin+bar.Plan.Usual)-x(bar.Begin)), barHeight+5)
			right, figure = max(right, x(bar.Begin+bar.Plan.Usual)), figure+fmt.Sprintf(", usual %.1f s", bar.Plan.Usual)
		}
		fmt.Fprintf(b, `<text class="soft" x="%.1f" y="%.1f">%s</text></g>`+"\n", max(right, x(bar.Begin)+2)+8, middle, figure)
	}
	b.WriteString("</svg>\n")
	if more := len(e.Bars) - len(bars); more > 0 {
		fmt.Fprintf(b, "<p>%d more are in the table.</p>\n", more)
	}
}

// name says what a bar is, in the room that there is.
func (b Bar) name() string {
	verb := map[string]string{"detect": "missed", "decide": "decided", "fence": "fenced", "stop": "stopped", "start": "started"}[b.Kind]
	if b.Kind == "decide" {
		return "decided to fence"
	}
	name := b.Lane
	if utf8.RuneCountInString(name) > mostLetters-len(verb) {
		name = string([]rune(name)[:mostLetters-len(verb)-1]) + "…"
	}
	return name + " " + verb
}

// tick is the distance of two lines of the axis: 1, 2 or 5 times a power of ten, of which
// there are at most ten.
func tick(end float64) float64 {
	if end <= 0 {
		return 1
	}
	unit := math.Pow(10, math.Floor(math.Log10(end/10)))
	for _, n := range []float64{1, 2, 5} {
		if end/(n*unit) <= 10 {
			return n * unit
		}
	}
	return 10 * unit
}
