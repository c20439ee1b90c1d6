// Package complete answers what may stand at the cursor of a command line, for the
// shells: bash, zsh and fish ask the program itself, so that there is one answer for
// all of them and it is that of the program that will run.
package complete

import (
	"slices"
	"strings"

	"github.com/oneha/oneha/internal/commands"
)

// Word may stand at the cursor.
type Word struct{ Text, About string }

// Files says which files may stand at the cursor; the shell knows them best.
type Files string

// Kinds of files.
const (
	None  Files = ""
	Any   Files = "files"
	Dirs  Files = "dirs"
	YAMLs Files = "yaml" // names that end so, and directories on the way
)

// Offer is what a flag's value or an argument can be.
type Offer struct {
	Words []Word
	Files Files
	List  bool // several of the words, with commas between them
}

// Typed is what stands before the cursor.
type Typed struct {
	Command string            // whole, as in "oneha raft leave"
	Flags   map[string]string // by the long name, as in --file
}

// Values knows what a word of the help stands for, as in FILE. The flag whose value it
// is, as in --file, is "" for an argument.
type Values func(kind, flag string, typed Typed) Offer

// Complete answers for the words from the program's name to the one at the cursor,
// which is the last. Of a word --flag=value the answer is the value alone.
func Complete(top commands.Command, words []string, values Values) Offer {
	if len(words) < 2 {
		return Offer{}
	}
	before, word := words[1:len(words)-1], words[len(words)-1]
	l := read(top, before)
	switch name, value, equals := strings.Cut(word, "="); {
	case l.waits != nil:
		return matching(values(l.waits.Value, l.waits.Names[0], l.typed), word)
	case strings.HasPrefix(word, "-") && word != "-" && !l.closed:
		if !equals {
			return matching(Offer{Words: l.flags()}, word)
		}
		if f, ok := l.flag(name); ok && f.Value != "" {
			return matching(values(f.Value, f.Names[0], l.typed), value)
		}
		return Offer{}
	}
	return matching(l.words(values, word == ""), word)
}

// line is what was read of a command line.
type line struct {
	at     commands.Command
	args   int // its arguments so far
	typed  Typed
	waits  *commands.Flag // for its value
	closed bool           // "--" was typed: no flags any more
}

func read(top commands.Command, words []string) *line {
	l := &line{at: top, typed: Typed{Command: top.Name, Flags: map[string]string{}}}
	for _, w := range words {
		switch {
		case l.waits != nil:
			l.typed.Flags[l.waits.Names[0]], l.waits = w, nil
		case l.closed || !strings.HasPrefix(w, "-") || w == "-":
			l.word(w)
		case w == "--":
			l.closed = true
		default:
			name, value, equals := strings.Cut(w, "=")
			f, ok := l.flag(name)
			if !ok {
				continue // the program will say so
			}
			l.typed.Flags[f.Names[0]] = value
			if f.Takes() && !equals {
				l.waits = &f
			}
		}
	}
	return l
}

func (l *line) word(w string) {
	if sub, ok := l.at.Sub(w); ok && l.args == 0 {
		l.at, l.typed.Command = sub, sub.Name
		return
	}
	l.args++
}

// flag finds a flag of the command, or of one below it: they may stand before its name.
// One dash is as good as two.
func (l *line) flag(name string) (commands.Flag, bool) {
	if name = strings.TrimLeft(name, "-"); len(name) == 1 {
		name = "-" + name
	} else {
		name = "--" + name
	}
	if f, ok := l.at.Flag(name); ok {
		return f, true
	}
	for _, sub := range l.at.Commands {
		if f, ok := sub.Flag(name); ok {
			return f, true
		}
	}
	return commands.Flag{}, false
}

// flags are those that can still be given, the long names.
func (l *line) flags() (words []Word) {
	for _, f := range l.at.VisibleFlags() {
		if _, given := l.typed.Flags[f.Names[0]]; !given || f.Repeats {
			words = append(words, Word{f.Names[0], f.Usage})
		}
	}
	return words
}

// words are the commands or arguments that can stand there; when there are none, and
// nothing was typed yet, the flags.
func (l *line) words(values Values, empty bool) (o Offer) {
	if l.args == 0 {
		for _, c := range l.at.Visible() {
			o.Words = append(o.Words, Word{c.Word(), c.Usage})
		}
	}
	kinds := l.at.Arguments
	if n := len(kinds); n > 0 && l.args >= n && strings.HasSuffix(kinds[n-1], "...") {
		kinds = kinds[n-1:]
	} else {
		kinds = kinds[min(l.args, n):]
	}
	if len(kinds) > 0 {
		for kind := range strings.SplitSeq(strings.TrimSuffix(kinds[0], "..."), "|") {
			more := values(kind, "", l.typed)
			o.Words = append(o.Words, more.Words...)
			if o.Files == None {
				o.Files = more.Files
			}
		}
	}
	if empty && !l.closed && len(o.Words) == 0 && o.Files == None {
		o.Words = l.flags()
	}
	return o
}

// matching keeps the words that begin like the one at the cursor.
func matching(o Offer, word string) Offer {
	done := ""
	if o.List {
		last := strings.LastIndexByte(word, ',') + 1
		done, word = word[:last], word[last:]
		taken := strings.Split(done, ",")
		o.Words = slices.DeleteFunc(slices.Clone(o.Words), func(w Word) bool { return slices.Contains(taken, w.Text) })
	}
	kept := []Word{}
	for _, w := range o.Words {
		if strings.HasPrefix(w.Text, word) {
			kept = append(kept, Word{done + w.Text, w.About})
		}
	}
	o.Words = kept
	return o
}

// String is the offer as the scripts of the shells read it: a line for each word, with
// a tab before what it means, and a line that begins with a colon for files.
func (o Offer) String() string {
	var b strings.Builder
	for _, w := range o.Words {
		b.WriteString(oneLine(w.Text) + "\t" + oneLine(w.About) + "\n")
	}
	if o.Files != None {
		b.WriteString(":" + string(o.Files) + "\n")
	}
	return b.String()
}

// oneLine keeps what came from a file from being taken for something else.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7F {
			return ' '
		}
		return r
	}, s)
}
