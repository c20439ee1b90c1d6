package soak

import (
	"bytes"
	"fmt"
	"html"
	"math"
	"slices"
	"strings"
	"time"
)

// Sizes of the picture, in its units.
const (
	wide, plotLeft, plotWide = 900, 250, 560
	strip                    = 34 // height of one series
)

const pictureStyle = `text { font-family: "Helvetica Neue", Helvetica, Arial, "DejaVu Sans", sans-serif; fill: #1f2933; font-size: 11px; }
.title { font-weight: 600; font-size: 15px; }
.small { fill: #52606d; }
.line { fill: none; stroke: #3b6fb6; stroke-width: 1.2; }
.line.others { stroke: #9aa5b1; }
.line.bad { stroke: #c0392b; }
.fit { stroke: #c98a00; stroke-width: 1.2; stroke-dasharray: 4 3; }
.base { stroke: #d7dde3; }`

// Picture draws the memory of everything that was weighed, a strip for each, and the line
// that was fitted to its second half. All strips have the same span, so that a slope in
// one can be compared with that in another.
func Picture(r Result, all []Series) []byte {
	var shown []Series
	for _, p := range parts(r.Figures) { // the order of the tables
		for _, s := range all {
			if s.Key == (Key{p.Where, p.What, anonymous}) && len(s.Points) > 1 {
				shown = append(shown, s)
			}
		}
	}
	span := 4096.0 // KiB
	for _, s := range shown {
		values := usual(s.Points)
		span = max(span, values[len(values)-1]-values[0])
	}
	run := time.Duration(r.Minutes * float64(time.Minute))
	high := 70 + len(shown)*(strip+8)
	var b bytes.Buffer
	fmt.Fprintf(&b, `<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" version="1.1" width="%d" height="%d" viewBox="0 0 %d %d" role="img">
<title>Memory over %.0f minutes of light faults</title>
<style type="text/css">%s</style>
<rect width="%d" height="%d" fill="#ffffff"/>
<text class="title" x="16" y="24">Memory over %.0f minutes of light faults</text>
<text class="small" x="16" y="42">memory that no file is behind; every strip is %s KiB high; dashed: the line fitted to the second half</text>
`, wide, high, wide, high, r.Minutes, pictureStyle, wide, high, r.Minutes, number(span))
	for i, s := range shown {
		f := find(r.Figures, s.Key)
		top := 56 + i*(strip+8)
		values := usual(s.Points)
		low := (values[0]+values[len(values)-1])/2 - span/2 // its middle in the strip's
		x := func(at time.Duration) float64 { return plotLeft + plotWide*at.Seconds()/max(run.Seconds(), 1) }
		y := func(v float64) float64 {
			return float64(top+strip) - strip*math.Min(math.Max((v-low)/span, 0), 1)
		}
		class := map[bool]string{true: "line", false: "line others"}[f.Judged]
		if f.Judged && !f.Flat {
			class = "line bad"
		}
		var points []string
		for _, p := range s.Points {
			points = append(points, fmt.Sprintf("%.1f,%.1f", x(p.At), y(p.Value)))
		}
		fmt.Fprintf(&b, "<text x=\"16\" y=\"%d\">%s</text><text class=\"small\" x=\"16\" y=\"%d\">%s</text>\n", top+14, html.EscapeString(s.What), top+28, html.EscapeString(s.Where))
		fmt.Fprintf(&b, "<line class=\"base\" x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>\n", plotLeft, top+strip, plotLeft+plotWide, top+strip)
		fmt.Fprintf(&b, "<polyline class=\"%s\" points=\"%s\"/>\n", class, strings.Join(points, " "))
		if half := between(s.Points, run/2, run+time.Hour); len(half) > 1 {
			// Through the middle of the half, as its median height.
			at, rate := half[len(half)/2].At, slope(half)
			line := func(t time.Duration) float64 { return quantile(half, 0.5) + rate*(t-at).Seconds() }
			end := half[len(half)-1].At
			fmt.Fprintf(&b, "<line class=\"fit\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", x(half[0].At), y(line(half[0].At)), x(end), y(line(end)))
		}
		fmt.Fprintf(&b, "<text class=\"small\" x=\"%d\" y=\"%d\">%s KiB</text>\n", plotLeft+plotWide+8, top+20, number(quantile(s.Points, 0.5)))
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// usual are the values without the fiftieth part at either end, in order: a moment in which a
// program was just started would press all else flat.
func usual(points []Point) []float64 {
	var values []float64
	for _, p := range points {
		values = append(values, p.Value)
	}
	slices.Sort(values)
	few := len(values) / 50
	return values[few : len(values)-few]
}
