package timeline

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// phrase is a sentence of a log and what it says. Names of nodes and resources have no
// spaces.
type phrase struct {
	form *regexp.Regexp
	fill func(f *Fact, m []string)
}

// phrases are those of Pacemaker (daemons/controld, daemons/fenced, lib/cluster) and
// corosync (exec/totemsrp.c). Tested with real lines of 2.0.5, 2.1.5 and 3.0.0; those of 1.1
// differ where two ways are given.
var phrases = []phrase{
	{regexp.MustCompile(`Node (\S+) state is now (lost|member)\b`), func(f *Fact, m []string) {
		f.Subject, f.Kind = name(m[0]), Lost
		if m[1] == "member" {
			f.Kind = Joined
		}
	}},
	{regexp.MustCompile(`Token has not been received in (\d{1,7}) ms`), suspect},
	{regexp.MustCompile(`A processor failed, forming new configuration(?:: token timed out \((\d{1,7})ms\))?`), suspect},
	{regexp.MustCompile(`Requesting fencing \((\w+)\) (?:of|targeting) node (\S+)`), func(f *Fact, m []string) {
		f.Kind, f.Action, f.Subject = Asked, m[0], name(m[1])
	}},
	{regexp.MustCompile(`Executing (\w+) fencing operation \(\d+\) on (\S+)`), func(f *Fact, m []string) { // 1.1
		f.Kind, f.Action, f.Subject = Asked, m[0], name(m[1])
	}},
	{regexp.MustCompile(`Delaying '?(\w+)'? action targeting (\S+) (?:using|on) \S+ for (\d{1,6}) ?s`), func(f *Fact, m []string) {
		f.Kind, f.Action, f.Subject, f.Text = Delayed, m[0], name(m[1]), m[2]+" s"
	}},
	{regexp.MustCompile(`(?:Peer|Node) (\S+) was (not )?terminated \((\w+)\) by (\S+)[^:]*: ([^|]*)`), func(f *Fact, m []string) {
		f.Kind, f.Subject, f.Action, f.Node = Fenced, name(m[0]), m[2], name(m[3])
		if m[1] != "" || !strings.HasPrefix(m[4], "OK") {
			f.Kind, f.Text = FenceFailed, m[4]
		}
	}},
	{regexp.MustCompile(`Initiating (start|stop) operation (\S+)_(?:start|stop)_0 (?:locally )?on (\S+)`), func(f *Fact, m []string) {
		f.Kind, f.Subject, f.Node = map[string]Kind{"start": Starting, "stop": Stopping}[m[0]], m[1], name(m[2])
	}},
	{regexp.MustCompile(`Result of (start|stop|monitor) operation for (\S+) on (\S+): ([^|]*)`), func(f *Fact, m []string) {
		result := strings.TrimSpace(m[3])
		good := strings.EqualFold(result, "ok") || strings.HasPrefix(result, "0 (ok)")
		if result == "Cancelled" || strings.Contains(result, "promoted") || strings.Contains(result, "master") {
			return
		}
		if f.Kind, f.Subject, f.Node = ended(m[0], good), m[1], name(m[2]); !good {
			f.Text = result
		}
	}},
}

// name takes the punctuation off that a sentence may put behind a name.
func name(s string) string { return strings.TrimRight(s, ".,:;") }

// suspect reads how long corosync has waited already.
func suspect(f *Fact, m []string) {
	f.Kind = Suspected
	if ms, err := strconv.Atoi(m[0]); err == nil {
		f.Text = (time.Duration(ms) * time.Millisecond).String()
	}
}
