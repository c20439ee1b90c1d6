package main

import (
	"cmp"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/bmc/bmctest"
	"github.com/oneha/oneha/test/fakeone"
)

const hookGuide = "../../docs/vm-ha.md"

// hookLine is the form of a line of host_error.rb's log, as a monitoring system that
// watches it has it: Ruby's Time#to_s, the ID or nothing, and the level.
var hookLine = regexp.MustCompile(`^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}\]\[HOST (\d*)\]\[([IE])\] (.*)$`)

// scene is a run of the hook for its log.
type scene struct {
	arguments string
	password  string          // of the BMC, "" for the right one
	before    func(*hookSite) // how the cloud is
}

// hookScenes are runs that between them write every line that the hook has.
func hookScenes() map[string]scene {
	host := func(state int, lcm ...int) func(*hookSite) {
		return func(s *hookSite) {
			s.cloud.Add(fakeone.Host{ID: 1, Name: "kvm1", State: state, Before: 3, Template: map[string]string{"FENCE_IP": "127.0.0.1"}})
			for id, lcm := range lcm {
				s.cloud.Add(fakeone.VM{ID: id, Name: "vm", State: 3, LCM: lcm, Host: 1})
			}
		}
	}
	storage := func(shared string) func(*hookSite) {
		return func(s *hookSite) { s.cloud.Add(fakeone.Datastore{ID: 0, Name: "system", Shared: shared}) }
	}
	return map[string]scene{
		"migrate":       {arguments: "-m -p 1"},
		"recreate":      {arguments: "-r -p 0"},
		"delete":        {arguments: "-d -p 0"},
		"no fencing":    {arguments: "-m -p 0 -u"},
		"no machines":   {arguments: "-m -p 0", before: func(s *hookSite) { s.cloud.Add(gone(0), gone(1), gone(2), gone(3)) }},
		"came back":     {arguments: "-m -p 2", before: host(2)},
		"offline":       {arguments: "-m -p 2", before: host(8)},
		"disabled":      {arguments: "-m -p 0", before: host(4, 16, 16, 16, 16)},
		"still alive":   {arguments: "-m -p 0", before: host(4, 3, 3, 3, 3)},
		"fencing fails": {arguments: "-m -p 0", password: "wrong"},
		"no mode":       {arguments: "-p 0"},
		"wrong option":  {arguments: "-m -x"},
		"wrong word":    {arguments: "-m --never"},
		"local disks":   {arguments: "-m -p 0", before: storage("NO")},
		"unasked disks": {arguments: "-m -p 0", before: storage("")},
		"not allowed":   {arguments: "-m -p 0", before: refusing("one.vm.action")},
		"no host":       {arguments: "-m -p 0", before: refusing("one.host.info")},
		"no pool":       {arguments: "-m -p 0", before: refusing("one.vmpool.info", "one.vmpool.infoextended")},
		"no datastores": {arguments: "-m -p 0", before: refusing("one.datastorepool.info")},
	}
}

func gone(id int) fakeone.VM { return fakeone.VM{ID: id, Name: "vm", State: 6, Host: 1} }

// refusing makes calls fail for good, as for somebody who is not allowed to.
func refusing(methods ...string) func(*hookSite) {
	return func(s *hookSite) {
		for _, m := range methods {
			s.cloud.Break(m, func(int) fakeone.Fault {
				return fakeone.Fault{Code: 0x0200, Message: "User [2] : not authorized."}
			})
		}
	}
}

// prepare makes the site of a scene, whose waits are seconds in the place of minutes.
func (p scene) prepare(t *testing.T) *hookSite {
	t.Helper()
	s := newHookSite(t, cmp.Or(p.password, bmctest.Password))
	text, err := os.ReadFile(s.path("host-error.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	s.write(t, "host-error.yaml", string(text)+"wait: {cycle: 1s, interval: 100ms}\n", 0o644)
	if p.before != nil {
		p.before(s)
	}
	return s
}

// play runs the hook twice: what comes after the end of an incident has lines of its own.
func (p scene) play(s *hookSite) {
	document, _, _ := strings.Cut(s.event(), " ")
	for range 2 {
		s.run(document+" "+p.arguments, append([]string{"hook", "host-error"}, s.own...)...)
	}
}

func (s *hookSite) log(t *testing.T) string {
	t.Helper()
	log, err := os.ReadFile(s.path("host_error.log"))
	if err != nil {
		t.Fatal(err)
	}
	return string(log)
}

// hookLogs plays all scenes, side by side: they wait more than they work.
func hookLogs(t *testing.T) (lines []string) {
	t.Helper()
	var all sync.WaitGroup
	defer all.Wait() // where a helper ends the test, too
	var sites []*hookSite
	for _, p := range hookScenes() {
		s := p.prepare(t)
		sites = append(sites, s)
		all.Go(func() { p.play(s) })
	}
	two := newHookSite(t, bmctest.Password)
	hooksThatMeet(t, two)
	all.Wait()
	for _, s := range append(sites, two) {
		lines = append(lines, slices.Collect(strings.Lines(s.log(t)))...)
	}
	return lines
}

// hooksThatMeet are a hook that finds another one at work, and one that goes on where
// that was killed.
func hooksThatMeet(t *testing.T, s *hookSite) {
	t.Helper()
	again := append([]string{"hook", "host-error", "1", "-m", "-p", "0"}, s.own...)
	inside, leave, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	var once sync.Once
	s.cloud.Break("one.datastorepool.info", func(int) fakeone.Fault {
		once.Do(func() { close(inside) })
		return fakeone.Fault{Hang: time.Minute, Until: leave}
	})
	go func() {
		defer close(done)
		s.run(s.event(), append([]string{"hook", "host-error"}, s.own...)...)
	}()
	select {
	case <-inside:
	case <-time.After(time.Minute):
		t.Error("the first hook never asked for the datastores")
	}
	s.run("", again...)
	close(leave)
	<-done

	// What is left by one that is killed when it has fenced is a record that ends there.
	records, err := filepath.Glob(s.path("records/*"))
	if err != nil || len(records) == 0 {
		t.Fatal(records, err)
	}
	for _, file := range records {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if at := strings.Index(string(text), `"fenced"`); at > 0 {
			end := at + strings.Index(string(text[at:]), "\n") + 1
			if err := os.WriteFile(file, text[:end], 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.run("", again...)
}

// guideLines are the lines of the table of the guide: what of them is a number, a name or
// left out may be anything.
func guideLines(t *testing.T) map[string]*regexp.Regexp {
	t.Helper()
	text, err := os.ReadFile(hookGuide)
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(string(text), "| line | meaning |\n|---|---|\n")
	if !ok {
		t.Fatal("the guide has no table of lines")
	}
	table, _, _ = strings.Cut(table, "\n\n")
	found := map[string]*regexp.Regexp{}
	code := regexp.MustCompile("`([^`]+)`")
	any := strings.NewReplacer(`\.\.\.`, ".*", "STATE", "[A-Z_]+", "BOOT", "[A-Z_]+", "PENDING", "[A-Z_]+")
	for row := range strings.Lines(table) {
		first := strings.Split(row, "|")[1]
		for _, m := range code.FindAllStringSubmatch(first, -1) {
			pattern := any.Replace(regexp.QuoteMeta(m[1]))
			pattern = regexp.MustCompile(`\d+`).ReplaceAllString(pattern, `\d+`)
			pattern = strings.ReplaceAll(strings.ReplaceAll(pattern, `\["\d+", "\d+"\]`, `\["\d+"(, "\d+")*\]`), "kvm\\d+", "kvm1")
			found[m[1]] = regexp.MustCompile("^" + pattern)
		}
	}
	return found
}

// The log is what the guide says, and what a monitoring system that watched the
// original's expects.
func TestHookLog(t *testing.T) {
	t.Parallel() // it waits for seconds
	lines := hookLogs(t)
	t.Run("guide", func(t *testing.T) { hookLinesExplained(t, lines) })
	t.Run("original", func(t *testing.T) { hookLinesAsTheOriginal(t, lines) })
	if t.Failed() {
		t.Logf("%s", strings.Join(lines, ""))
	}
}

// hookLinesExplained checks that every line that the guide explains is written by some
// run, and that it explains all that are written.
func hookLinesExplained(t *testing.T, lines []string) {
	explained := guideLines(t)
	if len(explained) < 40 {
		t.Errorf("only %d lines are explained", len(explained))
	}
	written := map[string]bool{}
	for _, line := range lines {
		m := hookLine.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		if m == nil {
			t.Fatalf("no line of the original's form: %q", line)
		}
		known := false
		for text, pattern := range explained {
			if pattern.MatchString(m[3]) {
				written[text], known = true, true
			}
		}
		if !known {
			t.Errorf("the guide does not explain %q", m[3])
		}
	}
	for text, pattern := range explained {
		if !written[text] {
			t.Errorf("no run writes %q (%s)", text, pattern)
		}
	}
}

// originalLines are what host_error.rb writes (OpenNebula, share/hooks/ft/host_error.rb,
// releases 5.12 to 7.4), as patterns that somebody may watch its log with, and the level
// that each has. What it writes only about its own insides is left out: that it got no
// MONITORING_INTERVAL_HOST, which oneha does not ask for.
var originalLines = map[string]string{
	`^Hook launched$`:                            "I",
	`^hostname: \S+$`:                            "I",
	`^Wait \d+ cycles\.$`:                        "I",
	`^Sleeping \d+ seconds\.$`:                   "I",
	`^Exiting\. Host came back after waiting\.$`: "I",
	`^Fencing enabled$`:                          "I",
	`^Fencing success$`:                          "I",
	`^Fencing error$`:                            "E",
	`^WARNING: Fencing disabled$`:                "I",
	`^states: 3$`:                                "I",
	`^states: 3, 5, 8$`:                          "I",
	`^vms: \[("\d+"(, "\d+")*)\]$`:               "I",
	`^No VMs found\.$`:                           "I",
	`^resched \d+$`:                              "I",
	`^recreate \d+$`:                             "I",
	`^delete \d+$`:                               "I",
	`^Skipping VM \d+ deployed on non-shared datastore$`: "I",
	`^Could not get Datastore ID or SHARED attribute$`:   "E",
	`^Could not get host info$`:                          "E",
	`^Could not get vm pool$`:                            "E",
	`^Exiting\. A mode must be supplied\.$`:              "E",
	`^(invalid|unrecognized) option\b`:                   "E",
	`^Exiting due to previous error\.$`:                  "E",
	`^Hook finished$`:                                    "I",
}

// hookLinesAsTheOriginal checks that every line has the original's form, and that each of the
// original's is written by some run, with its level.
func hookLinesAsTheOriginal(t *testing.T, lines []string) {
	for pattern, level := range originalLines {
		text := regexp.MustCompile(pattern)
		seen := false
		for _, line := range lines {
			m := hookLine.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
			if m == nil {
				t.Fatalf("no line of the original's form: %q", line)
			}
			if text.MatchString(m[3]) {
				seen = true
				if m[2] != level {
					t.Errorf("%q has level %s, the original's %s", line, m[2], level)
				}
			}
		}
		if !seen {
			t.Errorf("no run writes what matches %s", pattern)
		}
	}
}
