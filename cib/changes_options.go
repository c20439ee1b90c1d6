package cib

import (
	"fmt"
	"slices"
)

// options takes pairs of a name and a value, wherever they are.
func (c *comparison) options() {
	isOption := func(f fact) bool {
		return slices.Contains([]Thing{ThingProperty, ThingDefault, ThingParameter, ThingMeta}, f.thing)
	}
	key := func(f fact) string { return fmt.Sprintf("%s\x00%s\x00%s\x00%d", f.thing, f.of, f.name, f.again) }
	if c.was.confused() || c.is.confused() {
		return // ids that are there twice: only the whole facts are certain
	}
	c.pairs(isOption, []func(fact) string{key}, func(was, is *fact) {
		f, ch := either(was, is), Change{}
		ch.Thing, ch.Of, ch.Name = f.thing, f.of, f.name
		before, after := optionIn(was), optionIn(is)
		owner, word := optionWords(f)
		switch secret := isHidden(f.name, before) || isHidden(f.name, after); {
		case was == nil && secret:
			ch.Sentence = fmt.Sprintf("%sadds %s%s, a secret", owner, word, f.name)
		case was == nil:
			ch.Sentence = fmt.Sprintf("%sadds %s%s %s", owner, word, f.name, quoted(after))
		case is == nil && secret:
			ch.Sentence = fmt.Sprintf("%sremoves %s%s, a secret", owner, word, f.name)
		case is == nil:
			ch.Sentence = fmt.Sprintf("%sremoves %s%s, was %s", owner, word, f.name, quoted(before))
		case secret:
			ch.Sentence = fmt.Sprintf("%s%s%s changed", owner, word, f.name)
		default:
			ch.Sentence = fmt.Sprintf("%s%s%s %s, was %s", owner, word, f.name, quoted(after), quoted(before))
		}
		if f.again > 0 {
			ch.Sentence += fmt.Sprintf(" (given %d times: only the first counts)", f.again+1)
		}
		if !isHidden(f.name, before) {
			ch.Before = before
		}
		if !isHidden(f.name, after) {
			ch.After = after
		}
		if f.again == 0 {
			c.optionEffect(&ch, was != nil, is != nil)
		}
		c.add(ch, some(was), some(is))
	})
}

// optionWords returns what comes before an option's name in a sentence.
func optionWords(f fact) (owner, word string) {
	switch f.thing {
	case ThingProperty:
		return "", "property "
	case ThingDefault:
		if f.of == "op_defaults" {
			return "", "operation default "
		}
		return "", "resource default "
	case ThingMeta:
		return "resource " + f.of + ": ", "meta attribute "
	}
	return "resource " + f.of + ": ", ""
}

// optionIn is the value of an option, "" for none.
func optionIn(f *fact) string {
	if f == nil {
		return ""
	}
	return f.value
}
