package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/oneha/oneha/fence"
	"github.com/oneha/oneha/internal/bmc/bmctest"
	"github.com/oneha/oneha/internal/fencecheck"
	"github.com/oneha/oneha/test/fakeredfish"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares a text with a file of testdata/fence.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "fence", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (write it with -update)", err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
	}
}

// mask hides what differs from run to run.
func mask(s string) string {
	for _, m := range []struct{ pattern, with string }{
		{`[0-9]+ / [0-9]+ ms`, "N / N ms"},
		{`127\.0\.0\.1:[0-9]{5}`, "127.0.0.1:PORT_"},
		{`127\.0\.0\.1:[0-9]{4}`, "127.0.0.1:PORT"},
		{`/\S*/password`, "DIR/password"},
	} {
		s = regexp.MustCompile(m.pattern).ReplaceAllString(s, m.with)
	}
	return s
}

// narrow reports lines that a terminal would break.
func narrow(t *testing.T, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		if utf8.RuneCountInString(strings.TrimSuffix(line, "\n")) > 80 && len(strings.Fields(line)) > 1 {
			t.Errorf("wider than 80 columns: %s", line)
		}
	}
}

var silent = bmctest.Options{Drop: func([]byte) bool { return true }}

func TestFenceTest(t *testing.T) {
	tests := []struct {
		name, node string
		site       siteOptions
		desk       desk
		code       int
		last       string // in the text
	}{
		{"ipmi", "one-server1", siteOptions{}, desk{}, 0, "tries the rest"},
		{"redfish", "one-server2", siteOptions{}, desk{}, 0, "All is well"},
		{"wrong-password", "one-server1", siteOptions{password: "nonsense"}, desk{}, 1, "could not be fenced from here"},
		{"open-password-file", "one-server2", siteOptions{mode: 0o644}, desk{}, 1, "could not be fenced from here"},
		{"own-silent", "one-server1", siteOptions{ipmi: silent, bmc: ", login_timeout: 1"}, desk{hostname: "one-server1"}, 1, "It is the BMC of this machine"},
		{"no-tls", "one-server2", siteOptions{redfish: fakeredfish.Options{PlainHTTP: true}}, desk{}, 1, "could not be fenced from here"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newSite(t, test.site)
			got := test.desk.run(t, "fence", "test", test.node, "-f", s.file)
			if got.code != test.code || got.stderr != "" || !strings.Contains(got.stdout, test.last) {
				t.Errorf("%+v", got)
			}
			narrow(t, got.stdout)
			got = test.desk.run(t, "fence", "test", test.node, "--json", "-f", s.file)
			var r testReport
			if err := json.Unmarshal([]byte(got.stdout), &r); err != nil || r.OK != (test.code == 0) || r.Node != test.node {
				t.Errorf("%v %+v", err, got)
			}
			var b strings.Builder
			for _, step := range r.Steps {
				fmt.Fprintln(&b, strings.TrimSuffix(fmt.Sprintf("%s: %s: %s", step.Name, step.Result, step.Text), ": "))
			}
			golden(t, "test-"+test.name, mask(b.String()))
			if told := s.switched(); told != nil {
				t.Errorf("the BMCs were told %q", told)
			}
		})
	}
}

func TestStepLine(t *testing.T) {
	golden(t, "steps", stepLine(fencecheck.Step{Name: "settings", Result: fencecheck.OK, Took: time.Millisecond / 3, Text: "the options are valid"})+
		stepLine(fencecheck.Step{Name: "reach", Result: fencecheck.Unknown, Took: time.Millisecond, Text: "IPMI has no connection: the login shows it"})+
		stepLine(fencecheck.Step{Name: "login", Result: fencecheck.Failed, Took: 5 * time.Second, Text: "log in: the BMC does not answer: check its address, port and network, and that IPMI over LAN is enabled"})+
		stepLine(fencecheck.Step{Name: "power again", Result: fencecheck.Skipped}))
}

// What a probe says of real stand-ins; how it says it is TestProbeText's.
func TestFenceProbe(t *testing.T) {
	const both = "NODE         BMC                      REACHABLE  LOGIN  POWER  LATENCY\n" +
		"one-server1  ipmi 127.0.0.1:PORT_     yes        %s    on     N / N ms\n" +
		"one-server2  redfish 127.0.0.1:PORT_  yes        %[1]s    on     N / N ms\n\n"
	tests := []struct {
		name, args, table string
		site              siteOptions
		desk              desk
		code              int
		says              []string
	}{
		{"good", "", fmt.Sprintf(both, "3/3"), siteOptions{}, desk{}, 0, []string{"stonith-timeout 125s\n", "fence_delay 5s\n  one-server1  fits: "}},
		{"two tries", "--tries 2", fmt.Sprintf(both, "2/2"), siteOptions{}, desk{}, 0, nil},
		{"slow to go off", "--tries 1 --off-time 10s", fmt.Sprintf(both, "1/1"), siteOptions{}, desk{}, 1, []string{"one-server1  TOO SHORT: it is 5s", "set fence_delay: 1"}},
		{"short delay", "--tries 1", fmt.Sprintf(both, "1/1"), siteOptions{more: "fence_delay: 3s\n"}, desk{}, 1, []string{"fence_delay 3s\n  one-server1  TOO SHORT: "}},
		{"long delay", "--tries 1", fmt.Sprintf(both, "1/1"), siteOptions{more: "fence_delay: 30s\n"}, desk{}, 0, []string{"would do; every"}},
		{"short timeout", "--tries 1", fmt.Sprintf(both, "1/1"), siteOptions{more: "properties: {stonith-timeout: 20s}\n"}, desk{}, 1, []string{"stonith-timeout 20s\n", "one-server2  TOO SHORT: a reboot takes"}},
		{"timeout that is none", "--tries 1", fmt.Sprintf(both, "1/1"), siteOptions{more: "properties: {stonith-timeout: soon}\n"}, desk{}, 1, []string{"value of stonith-timeout is not understood"}},
		{"wrong password", "", "", siteOptions{password: "nonsense"}, desk{}, 1, []string{"yes        0/2    -      -\n", "one-server1: log in: the BMC refused", "one-server2: log in: the BMC refused"}},
		{"own BMC silent", "", "", siteOptions{ipmi: silent, bmc: ", login_timeout: 1"}, desk{hostname: "one-server1"}, 1, []string{"NO         0/2    -      -\n", "It is the BMC of this machine"}},
		{"open password file", "", "", siteOptions{mode: 0o644}, desk{}, 1, []string{"-          -      -      -\n", "run chmod 600"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newSite(t, test.site)
			got := test.desk.run(t, append([]string{"fence", "probe", "-f", s.file}, strings.Fields(test.args)...)...)
			if got.code != test.code || got.stderr != "" || !strings.HasPrefix(mask(got.stdout), test.table) {
				t.Errorf("%+v", got)
			}
			for _, text := range test.says {
				if !strings.Contains(got.stdout, text) {
					t.Errorf("it does not say %q:\n%s", text, got.stdout)
				}
			}
			narrow(t, got.stdout)
			if n := s.ipmi.Logins(); test.site.password != "" && n > 2 {
				t.Errorf("%d logins with a refused password", n)
			}
			if told := s.switched(); told != nil {
				t.Errorf("the BMCs were told %q", told)
			}
		})
	}
}

// measured is a BMC that needs so long for each of three visits.
func measured(node, agent, address string, delay time.Duration, visits ...time.Duration) fencecheck.Measurement {
	m := fencecheck.Measurement{
		Device: fencecheck.Device{Node: node, Agent: fence.Agent{Name: agent}, Options: []fencecheck.Option{{Name: "ip", Value: address}}, Delay: delay},
		Timing: fencecheck.Timing{LoginTimeout: 5 * time.Second, PowerTimeout: 20 * time.Second},
		Tries:  len(visits), Asked: true, Reachable: true, Power: fence.On,
	}
	for _, v := range visits {
		m.Visits = append(m.Visits, fencecheck.Visit{Login: v * 9 / 10, Status: v / 10})
	}
	return m
}

func TestProbeText(t *testing.T) {
	const ms = time.Millisecond
	fast := func(node string, delay time.Duration) fencecheck.Measurement {
		return measured(node, "fence_bmc_ipmi", "10.3.5.20", delay, 200*ms, 212*ms, 305*ms)
	}
	slow := measured("one-server2", "fence_bmc_redfish", "10.3.5.21:8443", 0, 1800*ms, 2100*ms, 3400*ms)
	flaky := fast("one-server2", 0)
	flaky.Tries, flaky.Visits, flaky.Err = 3, flaky.Visits[:2], errors.New("log in: the BMC does not answer: check its address, port and network, and that IPMI over LAN is enabled")
	dead := fast("one-server1", 5*time.Second)
	dead.Tries, dead.Visits, dead.Power, dead.Reachable, dead.Err = 2, nil, "", false, flaky.Err
	tests := []struct {
		name string
		all  []fencecheck.Measurement
		self string
		good bool
	}{
		{"good", []fencecheck.Measurement{fast("one-server1", 5*time.Second), fast("one-server2", 0)}, "", true},
		{"slow", []fencecheck.Measurement{fast("one-server1", 5*time.Second), slow}, "", false},
		{"slow-kept", []fencecheck.Measurement{slow, fast("one-server1", 5*time.Second)}, "", false},
		{"long-delay", []fencecheck.Measurement{fast("one-server1", 30*time.Second), fast("one-server2", 0)}, "", true},
		{"flaky", []fencecheck.Measurement{fast("one-server1", 5*time.Second), flaky}, "", false},
		{"own-dead", []fencecheck.Measurement{dead, fast("one-server2", 0)}, "one-server1", false},
		{"three", []fencecheck.Measurement{fast("a", 0), fast("b", 0), fast("c", 0)}, "", true},
	}
	for _, test := range tests {
		p := probed{self: test.self, nodes: len(test.all), assumed: fencecheck.Assumption{Off: offTime}, measured: test.all}
		p.verdicts = fencecheck.Judge(fencecheck.Cluster{Nodes: p.nodes, StonithTimeout: 125 * time.Second}, p.assumed, p.measured)
		text := p.table() + p.errors() + p.judgement()
		narrow(t, text)
		golden(t, "probe-"+test.name, text)
		if p.good() != test.good {
			t.Errorf("%s: good is %t", test.name, p.good())
		}
	}
}

func TestFenceProbeJSON(t *testing.T) {
	s := newSite(t, siteOptions{ipmi: bmctest.Options{Off: true}})
	got := desk{hostname: "one-server2"}.run(t, "fence", "probe", "--json", "--tries", "2", "--off-time", "500ms", "-f", s.file)
	var r probeReport
	if err := json.Unmarshal([]byte(got.stdout), &r); err != nil || got.code != 0 || got.stderr != "" {
		t.Fatalf("%v %+v", err, got)
	}
	if !r.OK || r.Self != "one-server2" || r.OffTime != 500 || len(r.BMCs) != 2 || len(r.Settings) != 3 {
		t.Errorf("%+v", r)
	}
	for i, power := range []string{"off", "on"} {
		b := r.BMCs[i]
		if b.Power != power || b.Tries != 2 || b.Succeeded != 2 || !b.Reachable || len(b.Latency.Login) != 2 || b.Latency.Worst < b.Latency.Median || b.Latency.Median <= 0 {
			t.Errorf("%+v", b)
		}
	}
	if d := r.Settings[2]; d.Setting != "fence_delay" || d.Node != "one-server1" || !d.Known || !d.Fits || d.Set != 5000 || d.Needs < 2000 {
		t.Errorf("%+v", d)
	}
}

func TestFenceProbeUsage(t *testing.T) {
	for _, test := range []struct{ args, want string }{
		{"probe one-server1", "one word too many"},
		{"probe --tries 0", "--tries is 0: give 1 to 100"},
		{"probe --tries 101", "--tries is 101"},
		{"probe --tries x", "invalid value"},
		{"probe --off-time -1s", "--off-time is -1s"},
	} {
		if got := (desk{}).run(t, append([]string{"fence"}, strings.Fields(test.args)...)...); got.code != 2 || got.stdout != "" || !strings.Contains(got.stderr, test.want) {
			t.Errorf("%s: %+v", test.args, got)
		}
	}
}

// A table that would be too wide has its addresses below.
func TestProbeTableOfLongNames(t *testing.T) {
	p := probed{measured: []fencecheck.Measurement{
		measured("one-server1", "fence_bmc_redfish", "2001:db8:1234:5678:9abc:def0:1234:5678", 0, 1230*time.Millisecond, 2*time.Second),
		measured("one-server2", "fence_bmc_redfish", "management-controller-of-one-server2.datacentre.example.org", 0, time.Second),
	}}
	golden(t, "table-long", p.table())
}

func TestPacemakerTime(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"60": time.Minute, "60s": time.Minute, " 60 sec ": time.Minute, "1min": time.Minute, "2m": 2 * time.Minute, "1500ms": 1500 * time.Millisecond,
		"1500MSEC": 1500 * time.Millisecond, "1h": time.Hour, "1hr": time.Hour, "0": 0, "": 0, "soon": 0, "-1s": 0, "1.5s": 0, "99999999999": 0, "48h": 0,
	} {
		if got := pacemakerTime(text); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func FuzzPacemakerTime(f *testing.F) {
	for _, s := range []string{"60", "1min", "1500ms", "x", "4294967295h"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if d := pacemakerTime(s); d < 0 || d > 24*time.Hour {
			t.Errorf("%q: %s", s, d)
		}
	})
}
