package spec

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/oneha/oneha/internal/diag"
)

// configurations are the formats that say the same, each in its language: what is
// appended to one has to be appended to all.
var configurations = []string{"xml", "pcs", "crm"}

// raw reads the texts that are appended to generated files.
func (r *reader) raw(v value) (raw Raw) {
	if !r.isMap(v, "raw", "FORMAT: | and below it the text") {
		return raw
	}
	raw.At = FileRef{File: r.file, Line: v.at.line, Column: v.at.column}
	s := r.section("raw", "raw", v)
	raw.XML = r.block(s.get("xml"), "xml of raw", r.checkXML)
	raw.PCS = r.block(s.get("pcs"), "pcs of raw", r.checkLines)
	raw.Crm = r.block(s.get("crm"), "crm of raw", r.checkLines)
	raw.Corosync = r.block(s.get("corosync"), "corosync of raw", r.checkBraces)
	return raw
}

// Of returns the text for a format.
func (raw Raw) Of(format string) string {
	switch format {
	case "xml":
		return raw.XML
	case "pcs":
		return raw.PCS
	case "crm":
		return raw.Crm
	case "corosync":
		return raw.Corosync
	}
	return ""
}

// CheckFormats reports formats that lack what raw appends to others of them: their
// files would not say the same.
func CheckFormats(c Cluster, formats []string) (findings diag.Findings) {
	var have, lack []string
	for _, f := range configurations {
		switch {
		case c.Raw.Of(f) != "":
			have = append(have, f)
		case slices.Contains(formats, f):
			lack = append(lack, f)
		}
	}
	if len(have) == 0 || len(lack) == 0 {
		return nil
	}
	return diag.Findings{{
		File: c.Raw.At.File, Line: c.Raw.At.Line, Column: c.Raw.At.Column, Severity: diag.Error,
		What: fmt.Sprintf("raw has %s and lacks %s: the files would say different things", and(have), and(lack)),
		Fix:  fmt.Sprintf("add %s to raw, or generate --format %s", and(lack), strings.Join(append(have, "corosync"), ",")),
	}}
}

// block reads a text of several lines and gives it to a check, which is told where
// its lines are. It ends with a line break.
func (r *reader) block(v value, what string, check func(string, string, func(int) place)) string {
	switch {
	case v.kind == absent || v.kind == broken:
		return ""
	case v.kind == list || v.kind == mapping:
		r.error(v.at, fmt.Sprintf("%s is a %s", what, v.kind), "write | behind the key, and the text below it")
		return ""
	case strings.TrimSpace(v.text) == "":
		r.error(v.at, what+" is empty", "give a text, or remove the key")
		return ""
	case !utf8.ValidString(v.text) || strings.ContainsFunc(v.text, func(c rune) bool { return isControl(c) && c != '\n' && c != '\t' }):
		r.error(v.at, what+" holds a control character", "remove it")
		return ""
	}
	check(v.text, what, func(line int) place { return r.inBlock(v, line) })
	return strings.TrimRight(v.text, "\n") + "\n"
}

// inBlock is the place of a line, from 1, of a text: the first character of it
// where the text is a literal one, else the text itself.
func (r *reader) inBlock(v value, line int) place {
	at := v.at.line + line
	if v.at.line > len(r.lines) || at > len(r.lines) || !strings.Contains(r.lines[v.at.line-1], "|") {
		return v.at
	}
	text := r.lines[at-1]
	return place{at, utf8.RuneCountInString(text[:len(text)-len(strings.TrimLeft(text, " \t"))]) + 1}
}

// xmlSections are the children that a CIB's configuration may have
// (pacemaker-3.0.rng).
var xmlSections = []string{
	"crm_config", "rsc_defaults", "op_defaults", "nodes", "resources", "constraints", "domains", "fencing-topology", "acls", "tags", "alerts",
}

// checkXML wants elements of a CIB's configuration.
func (r *reader) checkXML(text, what string, at func(int) place) {
	const maxDepth = 16 // of a CIB: less than ten
	d := xml.NewDecoder(strings.NewReader(text))
	line := func() int { l, _ := d.InputPos(); return l }
	depth, seen := 0, false
	for {
		token, err := d.Token()
		var syntax *xml.SyntaxError
		switch {
		case err == io.EOF && depth == 0:
			if !seen {
				r.error(at(1), what+" has no element", "give elements such as <alerts>")
			}
			return
		case errors.As(err, &syntax):
			r.error(at(syntax.Line), what+" is no well-formed XML: "+clip(syntax.Msg), "mend it here or before")
			return
		case err != nil:
			r.error(at(line()), what+" is no well-formed XML", "mend it here or before")
			return
		}
		switch t := token.(type) {
		case xml.StartElement:
			seen = true
			if depth == 0 && !slices.Contains(xmlSections, t.Name.Local) {
				r.error(at(line()), fmt.Sprintf("%s has <%s>, which is no section of a configuration", what, clip(t.Name.Local)), suggest(t.Name.Local, xmlSections))
				return
			}
			if depth++; depth > maxDepth {
				r.error(at(line()), fmt.Sprintf("%s is nested more than %d deep", what, maxDepth), "a CIB needs less than ten levels")
				return
			}
			if secretPair(t) {
				r.refuseSecret(at(line()))
			}
		case xml.EndElement:
			depth--
		case xml.CharData:
			if depth == 0 && strings.TrimSpace(string(t)) != "" {
				r.error(at(line()), what+" has text outside of elements", "give elements such as <alerts>")
				return
			}
		case xml.ProcInst, xml.Directive:
			r.error(at(line()), what+" has a declaration", "give elements only")
			return
		}
	}
}

// secretPair reports whether an element is a name-value pair that shows a secret.
func secretPair(e xml.StartElement) bool {
	var name, value string
	for _, a := range e.Attr {
		switch a.Name.Local {
		case "name":
			name = a.Value
		case "value":
			value = a.Value
		}
	}
	return e.Name.Local == "nvpair" && IsSecretOption(name) && value != StoredSecret
}

var assignment = regexp.MustCompile(`([A-Za-z][A-Za-z0-9_-]*)=["']?([^\s"']*)`)

// checkLines refuses assignments that show a secret.
func (r *reader) checkLines(text, what string, at func(int) place) {
	n := 0
	for line := range strings.Lines(text) {
		n++
		for _, m := range assignment.FindAllStringSubmatch(line, -1) {
			if IsSecretOption(m[1]) && m[2] != StoredSecret {
				r.refuseSecret(at(n))
				return
			}
		}
	}
}

// checkBraces wants sections of corosync.conf, each line opening one, closing one,
// or setting a value (corosync's coroparse.c).
func (r *reader) checkBraces(text, what string, at func(int) place) {
	n, depth := 0, 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#':
		case strings.HasSuffix(line, "{") && line != "{":
			depth++
		case line == "}":
			if depth--; depth < 0 {
				r.error(at(n), what+" closes a section that it does not open", "remove the }")
				return
			}
		case !strings.Contains(line, ":"):
			r.error(at(n), fmt.Sprintf("%s has the line %q", what, clip(line)), "write NAME: VALUE, or NAME { and } for a section")
			return
		case depth == 0:
			r.error(at(n), fmt.Sprintf("%s has %q outside of a section", what, clip(line)), "put it into one, such as totem { }")
			return
		}
	}
	if depth > 0 {
		r.error(at(n), what+" ends inside a section", "close it with }")
	}
}
