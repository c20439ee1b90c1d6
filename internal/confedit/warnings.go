package confedit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/oneha/oneha/internal/diag"
)

// once are the attributes of which oned looks at the first only; others, such as
// VM_MAD, are meant to be repeated.
var once = []string{
	"DB", "FEDERATION", "GRPC_LISTEN_ADDRESS", "GRPC_PORT", "HOSTNAME", "LISTEN_ADDRESS", "LOG", "NETWORK", "ONEGATE_ENDPOINT", "PORT",
	"RAFT", "RAFT_FOLLOWER_HOOK", "RAFT_LEADER_HOOK", "VNC_PORTS",
}

// warnings are about what oned takes, but not as it seems to be meant.
func (f *File) warnings(p *parser) diag.Findings {
	var all diag.Findings
	warn := func(at int, what, fix string) { all = append(all, f.finding(at, what, fix)) }
	if p.ragged >= 0 {
		warn(p.ragged, "the file ends in a comment without the end of its line, and oned reads the comment's words as configuration", "end the line")
	}
	for _, s := range p.skipped {
		if text := p.text[s.from:s.to]; strings.Trim(text, "\r") != "" && s.from != p.ragged {
			warn(s.from, fmt.Sprintf("oned passes over %q here and goes on behind it", shorten(text)), "remove it; a value that has any of = # , [ ] or blanks needs double quotes")
		}
	}
	returns := 0
	first := map[string]int{}
	for _, a := range p.all {
		if line, again := first[a.Name]; again && slices.Contains(once, a.Name) {
			warn(a.name.from, fmt.Sprintf("%s is given twice; oned takes the first, in line %d", a.Name, line), "keep one of them")
		} else if !again {
			first[a.Name] = a.Line
		}
		inside := map[string]bool{}
		for _, k := range a.Keys {
			if inside[k.Name] {
				warn(k.name.from, fmt.Sprintf("%s is given twice in %s; oned takes the first", k.Name, a.Name), "keep one of them")
			}
			inside[k.Name] = true
		}
		for _, v := range append(slices.Clone(a.Keys), a) {
			if strings.HasSuffix(v.Value, "\r") {
				if returns++; returns == 1 {
					warn(v.raw.to-1, "this line ends with a carriage return, which oned takes for a part of the value, and keeps the quotes of a value before it", `end the lines with a line feed alone, as by sed -i 's/\r$//'`)
				}
			}
		}
	}
	return all
}

func shorten(s string) string {
	const most = 20
	if len(s) > most {
		s = s[:most] + "..."
	}
	return s
}
