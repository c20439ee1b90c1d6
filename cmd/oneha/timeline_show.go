package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/oneha/oneha/internal/timeline"
)

// timelineText is the report for people.
func timelineText(r timelineReport, zone *time.Location, width int) string {
	var b strings.Builder
	for i, e := range r.Episodes {
		if i > 0 {
			b.WriteString("\n")
		}
		b.WriteString(episodeText(e, zone, width))
	}
	if len(r.Episodes) == 0 {
		b.WriteString(paragraph("", "", "nothing happened in that time, as far as these logs say: "+strings.Join(r.Read, ", "), width))
	}
	for _, note := range r.Notes {
		b.WriteString("\n" + paragraph("", "", note, width))
	}
	return b.String()
}

// episodeText is a title, the table of steps, and the table of what serves again.
func episodeText(e timeline.Episode, zone *time.Location, width int) string {
	var b strings.Builder
	b.WriteString(paragraph("", "", e.Title+", "+e.Zero.In(zone).Format("2006-01-02 15:04:05 MST"), width) + "\n")
	steps, served := e.Promised()
	rows := [][]string{{"seconds", "what happened", "took", "usual", "worst"}}
	for _, s := range e.Steps {
		took := ""
		if s.Took != nil {
			took = fmt.Sprintf("%.1f", *s.Took)
		}
		words := s.Words
		if s.Bad {
			words = "! " + words
		}
		usual, worst := promisedText(s.Plan)
		rows = append(rows, []string{fmt.Sprintf("%.1f", s.After), words, took, usual, worst})
	}
	b.WriteString(promisedTable(rows, steps, width))
	if len(e.Back) > 0 {
		rows := [][]string{{"seconds", "until it served (again)", "", "usual", "worst"}}
		for _, back := range e.Back {
			usual, worst := promisedText(back.Plan)
			rows = append(rows, []string{fmt.Sprintf("%.1f", back.After), back.Resource + " on " + back.Node, "", usual, worst})
		}
		b.WriteString("\n" + promisedTable(rows, served, width))
	}
	if e.Note != "" {
		b.WriteString("\n" + paragraph("", "", e.Note, width))
	}
	return b.String()
}

// promisedTable is a table whose last two columns are those of a promise, left out where
// nothing in it was promised.
func promisedTable(rows [][]string, promised bool, width int) string {
	columns := []int{-8, 0, -8, -7, -7}
	if !promised {
		columns = columns[:3]
		for i := range rows {
			rows[i] = rows[i][:3]
		}
	}
	return table(rows, columns, width)
}

// promisedText are the figures of a promise, in seconds.
func promisedText(p *timeline.Expected) (usual, worst string) {
	if p == nil {
		return "", ""
	}
	return fmt.Sprintf("%.1f", p.Usual), fmt.Sprintf("%.1f", p.Worst)
}
