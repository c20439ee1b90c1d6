package cib

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/beevik/etree"

	"github.com/oneha/oneha/internal/spec"
)

// hidden stands for the value of a secret option.
const hidden = "(secret)"

// isHidden reports whether an option's value must not be shown. No value may, and so
// may what stands for one that is stored elsewhere.
func isHidden(name, value string) bool {
	return spec.IsSecretOption(name) && value != "" && value != spec.StoredSecret
}

// shown is the fact without the values of secret options.
func (f fact) shown() string {
	switch {
	case f.e != nil && f.thing != ThingResource:
		return f.path + inline(withoutSecrets(f.e))
	case f.name != "" && isHidden(f.name, f.value):
		before, _, _ := strings.Cut(f.text, "=")
		return before + "=" + hidden
	}
	return f.text
}

// withoutSecrets returns a copy of an element in which no secret option has its
// value.
func withoutSecrets(e *etree.Element) *etree.Element {
	e = e.Copy()
	for _, nv := range append(e.FindElements(".//nvpair"), e) {
		if v := nv.SelectAttr("value"); v != nil && isHidden(nv.SelectAttrValue("name", ""), v.Value) {
			v.Value = hidden
		}
	}
	return e
}

// quoted is a value in a sentence: in quotes when it would not read as one word.
func quoted(value string) string {
	if value == "" || strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r == ',' || r == '"' || unprintable(r) }) {
		return strconv.Quote(value)
	}
	return value
}

func orNone(list string) string {
	if list == "" {
		return "none"
	}
	return list
}

// inSequence is a list of which one follows the other: "a, then b, c".
func inSequence(ids []string) string {
	if len(ids) < 2 {
		return strings.Join(ids, "")
	}
	return ids[0] + ", then " + strings.Join(ids[1:], ", then ")
}

// inWords is a duration as people write it: "15 s", "10 min". What is none stays.
func inWords(duration string) string {
	ms, err := strconv.ParseInt(strings.TrimSuffix(normalDuration(duration), "ms"), 10, 64)
	switch {
	case err != nil:
		return duration
	case ms%1000 != 0:
		return fmt.Sprintf("%d ms", ms)
	case ms >= 5*60*1000 && ms%(60*1000) == 0:
		return fmt.Sprintf("%d min", ms/60/1000)
	}
	return fmt.Sprintf("%d s", ms/1000)
}

// What is said about a resource.

func agentOf(e *etree.Element) string {
	if t := e.SelectAttrValue("template", ""); t != "" {
		return "template " + t
	}
	return Primitive{Class: e.SelectAttrValue("class", ""), Provider: e.SelectAttrValue("provider", ""), Type: e.SelectAttrValue("type", "")}.Agent()
}

// nounOf is what a resource is called: "resource web (ocf:heartbeat:apache)".
func nounOf(f fact) string {
	switch {
	case f.e.Tag == "primitive" && isFenceDevice(f.e):
		return fmt.Sprintf("fence device %s (%s)", f.of, agentOf(f.e))
	case f.e.Tag == "primitive":
		return fmt.Sprintf("resource %s (%s)", f.of, agentOf(f.e))
	case f.e.Tag == "template":
		return fmt.Sprintf("resource template %s (%s)", f.of, agentOf(f.e))
	case f.e.Tag == "master":
		return "promotable clone " + f.of
	}
	return f.e.Tag + " " + f.of
}

func isFenceDevice(e *etree.Element) bool { return e.SelectAttrValue("class", "") == "stonith" }

// thingOfResource is the thing that an element of <resources> is.
func thingOfResource(e *etree.Element) Thing {
	if e.Tag == "group" {
		return ThingGroup
	}
	return ThingResource
}

// memberIDs are the resources that a group, clone or bundle holds.
func memberIDs(e *etree.Element) (ids []string) {
	for _, c := range e.ChildElements() {
		if isResource(c.Tag) {
			ids = append(ids, c.SelectAttrValue("id", ""))
		}
	}
	return ids
}

// place says where a resource stands: " in group frontend".
func place(f fact) string {
	if p := f.parent(); p != "" {
		return " in " + p
	}
	return ""
}

func moved(was, is fact) Change {
	describe := func(f fact) string {
		if p := f.parent(); p != "" {
			return p
		}
		return "no group"
	}
	ch := Change{Thing: thingOfResource(is.e), Name: is.of, Before: describe(was), After: describe(is)}
	ch.Sentence = fmt.Sprintf("moves %s to %s, was in %s", nounOf(is), ch.After, ch.Before)
	if is.parent() == "" {
		ch.Sentence = fmt.Sprintf("takes %s out of %s", nounOf(is), ch.Before)
	} else if was.parent() == "" {
		ch.Sentence = fmt.Sprintf("moves %s into %s", nounOf(is), ch.After)
	}
	if was.body() != is.body() {
		ch.Sentence += fmt.Sprintf("; was %s", was.body())
	}
	return ch
}

// What is said about an operation.

// checkLevel is the depth of a monitor.
func checkLevel(op *etree.Element) string {
	for _, nv := range op.FindElements("instance_attributes/nvpair") {
		if nv.SelectAttrValue("name", "") == "OCF_CHECK_LEVEL" {
			return nv.SelectAttrValue("value", "")
		}
	}
	return ""
}

// opDetails are the attributes and parameters of an operation, sorted by name.
func opDetails(op *etree.Element) (details []spec.Option) {
	for _, a := range op.Attr {
		if a.Key == "id" || a.Key == "name" || isImplied(op, a.Key, normalAttr("op", a.Key, a.Value)) {
			continue
		}
		value := normalAttr("op", a.Key, a.Value)
		if slices.Contains(durations, a.Key) {
			value = inWords(value)
		}
		details = append(details, spec.Option{Name: a.Key, Value: value})
	}
	for _, nv := range op.FindElements(".//nvpair") {
		o := spec.Option{Name: nv.SelectAttrValue("name", ""), Value: nv.SelectAttrValue("value", "")}
		if isHidden(o.Name, o.Value) {
			o.Value = hidden
		}
		details = append(details, o)
	}
	slices.SortStableFunc(details, func(a, b spec.Option) int { return strings.Compare(a.Name, b.Name) })
	return details
}

// opName names an operation among those of its resource: "monitor every 15 s".
func opName(op *etree.Element) string {
	name := op.SelectAttrValue("name", "")
	if interval := op.SelectAttrValue("interval", "0"); normalDuration(interval) != "0ms" {
		name += " every " + inWords(interval)
	}
	return name
}

// opSays is what an operation says besides its name.
func opSays(op *etree.Element) string {
	var parts []string
	for _, o := range opDetails(op) {
		if o.Name != "interval" {
			parts = append(parts, o.Name+" "+o.Value)
		}
	}
	return strings.Join(parts, ", ")
}

func operationChange(was, is *fact) Change {
	f := either(was, is)
	ch := Change{Thing: ThingOperation, Of: f.of, Name: opName(f.e)}
	owner := "resource " + f.of + ": "
	var before, after []spec.Option
	if was != nil {
		before, ch.Before = opDetails(was.e), strings.TrimSpace(opName(was.e)+" "+opSays(was.e))
	}
	if is != nil {
		after, ch.After = opDetails(is.e), strings.TrimSpace(opName(is.e)+" "+opSays(is.e))
	}
	says := ""
	if s := opSays(f.e); s != "" {
		says = " (" + s + ")"
	}
	if f.e.SelectAttrValue("name", "") == "monitor" || (was != nil && is != nil) {
		ch.Effect = opEffect(f)
	}
	switch {
	case was == nil:
		ch.Sentence = owner + "adds operation " + ch.Name + says
		return ch
	case is == nil:
		ch.Sentence = owner + "removes operation " + ch.Name + says
		return ch
	}
	var differ []string
	for _, name := range namesOf(before, after) {
		a, b := optionValue(after, name), optionValue(before, name)
		if a != b && name != "interval" {
			differ = append(differ, fmt.Sprintf("%s %s, was %s", name, orNone(a), orNone(b)))
		}
	}
	changed := ""
	if i := optionValue(before, "interval"); i != optionValue(after, "interval") {
		changed = ", was " + orNone(i)
	}
	switch {
	case len(differ) > 0 && changed != "":
		ch.Sentence = owner + ch.Name + changed + "; " + strings.Join(differ, "; ")
	case len(differ) > 0:
		ch.Sentence = owner + ch.Name + ": " + strings.Join(differ, "; ")
	case changed != "":
		ch.Sentence = owner + ch.Name + changed
	default:
		ch.Sentence = owner + ch.Name + ": details changed: " + is.shown()
	}
	return ch
}

func namesOf(lists ...[]spec.Option) (names []string) {
	for _, list := range lists {
		for _, o := range list {
			names = append(names, o.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func optionValue(options []spec.Option, name string) string {
	for _, o := range options {
		if o.Name == name {
			return o.Value
		}
	}
	return ""
}
