package main

import (
	"os"
	"strings"

	"github.com/oneha/oneha/internal/complete"
	"github.com/oneha/oneha/internal/lint"
	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/spec"
	"github.com/oneha/oneha/internal/target"
	"github.com/oneha/oneha/internal/vmha/recovery"
)

// completionValues says what a word of the help stands for, for the shells. What it
// does not know is for the person to type.
func (t tool) completionValues(kind, flag string, typed complete.Typed) complete.Offer {
	switch kind {
	case "FILE":
		return completionFiles(flag, typed)
	case "DIR", "DIRECTORY":
		return complete.Offer{Files: complete.Dirs}
	case "PATH":
		return complete.Offer{Files: complete.Any}
	case "RULE":
		return complete.Offer{Words: ruleWords()}
	case "LIST":
		if flag == "--rules" {
			return complete.Offer{Words: ruleWords(), List: true}
		}
		offer := complete.Offer{List: true}
		for _, s := range one.Services {
			offer.Words = append(offer.Words, complete.Word{Text: s.Name, About: s.Unit})
		}
		return offer
	case "STATE":
		var offer complete.Offer
		for _, s := range recovery.States {
			offer.Words = append(offer.Words, complete.Word{Text: s.Name, About: s.Doing})
		}
		return offer
	case "KEY":
		var offer complete.Offer
		for _, k := range spec.Keys {
			offer.Words = append(offer.Words, complete.Word{Text: k.Path, About: firstSentence(k.Why)})
		}
		return offer
	case "TARGET":
		return complete.Offer{Words: words(append([]string{"portable", "detect"}, target.Names()...)...)}
	case "FORMAT":
		return complete.Offer{Words: words(append(formatNames(), "all")...), List: true}
	case "LAYOUT":
		return complete.Offer{Words: words(choicesOf("layout")...)}
	case "MODE":
		return complete.Offer{Words: words(choicesOf("mode")...)}
	case "SERVER", "NODE", "OLD":
		return complete.Offer{Words: t.describedNodes(typed)}
	}
	return complete.Offer{}
}

// completionFiles are the files that a flag or argument takes: an argument, --file and
// --output are a description.
func completionFiles(flag string, typed complete.Typed) complete.Offer {
	switch {
	case flag == "--cib":
		return complete.Offer{Words: []complete.Word{{Text: "live", About: "the running cluster's"}}, Files: complete.Any}
	case flag == "" && typed.Command != "oneha import", flag == "--file" && !strings.HasPrefix(typed.Command, "oneha tm "):
		return complete.Offer{Files: complete.YAMLs}
	}
	return complete.Offer{Files: complete.Any}
}

func ruleWords() (list []complete.Word) {
	for _, r := range lint.Rules {
		list = append(list, complete.Word{Text: r.ID, About: r.Title})
	}
	return list
}

// choicesOf are the values of a key whose form is a choice.
func choicesOf(path string) []string {
	for _, k := range spec.Keys {
		if k.Path == path {
			return strings.Split(k.Form, " | ")
		}
	}
	return nil
}

// describedNodes are the names in the description that is named before the cursor, or
// in the one that the command would read. Half a description is good enough here, and
// one that cannot be read is no trouble.
func (t tool) describedNodes(typed complete.Typed) (list []complete.Word) {
	file := typed.Flags["--file"]
	if file == "-" {
		return nil // it is for the command to read
	}
	if rest, home := strings.CutPrefix(file, "~/"); home {
		file = os.Getenv("HOME") + "/" + rest // of what is typed nothing is expanded yet
	}
	name, data, err := t.serverDescription(file)
	if err != nil {
		return nil
	}
	cluster, _ := spec.Parse(name, data)
	if cluster.Zone != nil {
		for _, s := range cluster.Zone.Servers {
			list = append(list, complete.Word{Text: s.Name, About: s.Addr.String()})
		}
		return list
	}
	for _, n := range cluster.Nodes {
		w := complete.Word{Text: n.Name}
		if len(n.Addrs) > 0 {
			w.About = n.Addrs[0].String()
		}
		list = append(list, w)
	}
	return list
}

func words(texts ...string) (list []complete.Word) {
	for _, text := range texts {
		list = append(list, complete.Word{Text: text})
	}
	return list
}

// firstSentence is what a list has room for.
func firstSentence(text string) string {
	first, _, _ := strings.Cut(text, ". ")
	return strings.TrimSuffix(first, ".")
}
