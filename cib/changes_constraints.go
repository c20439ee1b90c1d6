package cib

import (
	"fmt"
	"slices"
	"strings"

	"github.com/beevik/etree"
)

// aboutWhat is what a constraint or fencing level is about, whatever it says of it;
// constraints about the same are two states of one.
func aboutWhat(e *etree.Element) string {
	var about []string
	for _, key := range []string{"rsc", "with-rsc", "first", "then", "node", "target", "target-pattern", "target-attribute", "target-value", "index"} {
		about = append(about, e.SelectAttrValue(key, ""))
	}
	for _, ref := range e.FindElements(".//resource_ref") {
		about = append(about, ref.SelectAttrValue("id", ""))
	}
	return strings.Join(about, "\x00")
}

// constraint is the change of a constraint or a fencing level.
func constraint(was, is *fact) Change {
	f := either(was, is)
	ch := Change{Thing: f.thing, Name: f.e.SelectAttrValue("id", "")}
	if was != nil {
		ch.Before = constraintWords(was.e)
	}
	if is != nil {
		ch.After = constraintWords(is.e)
	}
	if ch.Before == ch.After { // what differs has no words
		ch.Before, ch.After = was.shown(), is.shown()
	}
	what := strings.TrimSpace(string(ch.Thing) + " " + ch.Name)
	if ch.Thing == ThingLevel { // its id says nothing
		what = string(ch.Thing)
	}
	switch {
	case was == nil:
		ch.Sentence = fmt.Sprintf("adds %s: %s", what, ch.After)
	case is == nil:
		ch.Sentence = fmt.Sprintf("removes %s: %s", what, ch.Before)
	default:
		ch.Sentence = fmt.Sprintf("%s: %s, was %s", what, ch.After, ch.Before)
	}
	return ch
}

// constraintWords says a constraint. What has no words is said as its fact is.
func constraintWords(e *etree.Element) string {
	said, known := "", []string{"id"}
	switch e.Tag {
	case "rsc_order":
		said, known = orderWords(e)
	case "rsc_colocation":
		said, known = colocationWords(e)
	case "rsc_location":
		said, known = locationWords(e)
	case "fencing-level":
		if node, devices := e.SelectAttrValue("target", ""), e.SelectAttrValue("devices", ""); node != "" {
			said = fmt.Sprintf("%s for %s: %s", e.SelectAttrValue("index", ""), node, strings.ReplaceAll(devices, ",", " and "))
			known = []string{"target", "index", "devices"}
		}
	}
	if said == "" {
		return inline(withoutSecrets(e))
	}
	var more []string
	for _, a := range e.Attr {
		value := normalAttr(e.Tag, a.Key, a.Value)
		if a.Key != "id" && !slices.Contains(known, a.Key) && !isImplied(e, a.Key, value) {
			more = append(more, a.Key+" "+value)
		}
	}
	slices.Sort(more)
	if len(more) > 0 {
		said += " (" + strings.Join(more, ", ") + ")"
	}
	return said
}

// orderWords: "frontend, then sunstone, gate, flow".
func orderWords(e *etree.Element) (said string, known []string) {
	switch sets, ok := setWords(e, ", then "); {
	case !ok:
		return "", nil
	case len(sets) > 0:
		said = strings.Join(sets, ", then ")
	case len(e.ChildElements()) > 0:
		return "", nil
	default:
		action := func(key string) string {
			if a := e.SelectAttrValue(key, "start"); a != "start" {
				return a + " "
			}
			return ""
		}
		said = action("first-action") + e.SelectAttrValue("first", "") + ", then " + action("then-action") + e.SelectAttrValue("then", "")
		known = append(known, "first", "then")
		if e.SelectAttr("then-action") != nil || e.SelectAttr("first-action") == nil {
			known = append(known, "first-action", "then-action")
		}
	}
	switch e.SelectAttrValue("kind", "") {
	case "Optional":
		return said + ", only when both start or stop anyway", append(known, "kind")
	case "Serialize":
		return said + ", never at the same time", append(known, "kind")
	}
	return said, known
}

// colocationWords: "sunstone, gate with frontend".
func colocationWords(e *etree.Element) (said string, known []string) {
	with, known := " with ", []string{"score"}
	switch score := normalScore(e.SelectAttrValue("score", "")); {
	case score == "-INFINITY":
		with = " never with "
	case score != "INFINITY":
		known = nil
	}
	switch sets, ok := setWords(e, " and with it "); {
	case !ok:
		return "", nil
	case len(sets) > 0:
		return strings.Join(sets, with), known
	case len(e.ChildElements()) > 0:
		return "", nil
	}
	return e.SelectAttrValue("rsc", "") + with + e.SelectAttrValue("with-rsc", ""), append(known, "rsc", "with-rsc")
}

// locationWords: "frontend prefers one-server1, score 50".
func locationWords(e *etree.Element) (said string, known []string) {
	rsc, node := e.SelectAttrValue("rsc", ""), e.SelectAttrValue("node", "")
	if rsc == "" || node == "" || len(e.ChildElements()) > 0 {
		return "", nil
	}
	switch score := normalScore(e.SelectAttrValue("score", "")); {
	case score == "-INFINITY":
		said = rsc + " never on " + node
	case strings.HasPrefix(score, "-"):
		said = fmt.Sprintf("%s avoids %s, score %s", rsc, node, score)
	default:
		said = fmt.Sprintf("%s prefers %s, score %s", rsc, node, score)
	}
	return said, []string{"rsc", "node", "score"}
}

// setWords says the sets of a constraint, none when it has none. A set with
// attributes that change its meaning has no words.
func setWords(e *etree.Element, sequence string) (sets []string, ok bool) {
	for _, set := range e.ChildElements() {
		if set.Tag != "resource_set" {
			return nil, false
		}
		between := sequence
		for _, a := range normalAttrs(set) {
			if a != `sequential="false"` {
				return nil, false
			}
			between = ", "
		}
		var ids []string
		for _, ref := range inOrder(set) {
			ids = append(ids, ref.SelectAttrValue("id", ""))
		}
		sets = append(sets, strings.Join(ids, between))
	}
	return sets, true
}
