package timeline

import (
	_ "embed"
	"fmt"
	"html"
	"strings"
	"time"
)

//go:embed page.css
var style string

// HTML is a page that needs nothing else: no script, no font, no other file. Times are
// shown in the zone.
func HTML(episodes []Episode, zone *time.Location) []byte {
	var b strings.Builder
	title := "What happened"
	if len(episodes) == 1 {
		title = episodes[0].Title
	}
	fmt.Fprintf(&b, `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>%s</title>
<style>
%s</style>
</head>
<body>
<h1>%s</h1>
`, escape(title), style, escape(title))
	if len(episodes) == 0 {
		b.WriteString("<p>Nothing happened in that time, as far as the logs say.</p>\n")
	}
	for _, e := range episodes {
		if len(episodes) > 1 {
			fmt.Fprintf(&b, "<h2>%s</h2>\n", escape(e.Title))
		}
		e.html(&b, zone)
	}
	b.WriteString("</body>\n</html>\n")
	return []byte(b.String())
}

func escape(s string) string { return html.EscapeString(s) }

// words are those of a cell: a name with hyphens, as one-server1, is not to be broken at
// one of them while there is room below.
func words(s string) string {
	all := strings.Split(s, " ")
	for i, word := range all {
		if all[i] = escape(word); strings.Contains(word, "-") {
			all[i] = "<span>" + all[i] + "</span>"
		}
	}
	return strings.Join(all, " ")
}

// html writes the picture and the tables of an episode.
func (e Episode) html(b *strings.Builder, zone *time.Location) {
	fmt.Fprintf(b, "<p>Seconds are counted from %s.</p>\n", escape(e.Zero.In(zone).Format("2006-01-02 15:04:05.000 MST")))
	if len(e.Bars) > 0 {
		b.WriteString(`<div class="wide" tabindex="0" role="group" aria-label="picture">` + "\n")
		e.picture(b)
		b.WriteString("</div>\n")
	}
	steps, back := e.Promised()
	explained := ""
	if steps {
		explained = "; usual and worst are what oneha plan promises"
	}
	b.WriteString("<table>\n<caption>Step by step" + explained + ".</caption>\n" + heads(steps, "seconds", "what happened", "took"))
	for _, s := range e.Steps {
		took, class := "", ""
		if s.Took != nil {
			took = fmt.Sprintf("%.2f", *s.Took)
		}
		if s.Bad {
			class = ` class="failed"`
		}
		fmt.Fprintf(b, "<tr%s><td>%.2f</td><td>%s</td><td>%s</td>%s</tr>\n", class, s.After, words(s.Words), took, s.Plan.cells(steps))
	}
	b.WriteString("</table>\n")
	if len(e.Back) > 0 {
		b.WriteString("<table>\n<caption>Until each served again.</caption>\n" + heads(back, "seconds", "resource"))
		for _, r := range e.Back {
			fmt.Fprintf(b, "<tr><td>%.2f</td><td>%s</td>%s</tr>\n", r.After, words(r.Resource+" on "+r.Node), r.Plan.cells(back))
		}
		b.WriteString("</table>\n")
	}
	if e.Note != "" {
		fmt.Fprintf(b, "<p>%s</p>\n", escape(e.Note))
	}
}

// heads are those of a table, with the two of a promise where anything is promised.
func heads(promised bool, names ...string) string {
	if promised {
		names = append(names, "usual", "worst")
	}
	return "<tr><th>" + strings.Join(names, "</th><th>") + "</th></tr>\n"
}

// cells are the two of a promise, empty when there is none of this; there are none where
// nothing is promised.
func (p *Expected) cells(promised bool) string {
	switch {
	case !promised:
		return ""
	case p == nil:
		return "<td></td><td></td>"
	}
	return fmt.Sprintf("<td>%.1f</td><td>%.1f</td>", p.Usual, p.Worst)
}
