package settings

import (
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

const whole = `version: 1
wait: {cycle: 60s, interval: 5s, samples: 2, agree: 3}
fencing:
  agent: fence_ipmilan
  username: admin
  password_file: /etc/one/oneha/bmc.password
  options: {lanplus: 1}
  hosts:
    kvm1: {ip: 10.0.0.1}
    kvm2:
      ip: bmc2.example.org
      agent: fence_bmc_redfish
      options: {ssl_insecure: 1}
offline: no
priority: PRIO
settle: 20s
unknown: 5m
deadline: 2m
storage: {local: recreate, unasked: handle}
states: {PROLOG: skip, BOOT_FAILURE: recreate}
missed: handle
endpoint: http://127.0.0.1:2633/RPC2
credentials: /var/lib/one/.one/one_auth
`

func TestWhole(t *testing.T) {
	s, findings := Parse("f", []byte(whole))
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	if s.Wait != (Wait{time.Minute, 5 * time.Second, 2, 3}) || s.Offline || s.Priority != "PRIO" || s.Missed != Handle ||
		s.Storage != (Storage{Recreate, Handle}) || s.States["PROLOG"] != Skip || s.States["BOOT_FAILURE"] != Recreate ||
		s.Settle != 20*time.Second || s.Unknown != 5*time.Minute || s.Deadline != 2*time.Minute {
		t.Errorf("%+v", s)
	}
	if w := s.Fencing.Hosts["kvm2"]; w.Address != "bmc2.example.org" || w.Agent != "fence_bmc_redfish" || len(w.Options) != 1 || s.Fencing.Common.Username != "admin" {
		t.Errorf("%+v", s.Fencing)
	}
	for _, text := range []string{"", "# nothing\n", "---\n", "version: 1\n"} {
		if d, findings := Parse("f", []byte(text)); len(findings) > 0 || d.Wait != Default().Wait || !d.Offline {
			t.Errorf("%q: %v %+v", text, findings, d)
		}
	}
}

// The example of the guide is one that works.
func TestGuide(t *testing.T) {
	guide, err := os.ReadFile("../../../docs/vm-ha.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(guide), "```yaml\n")
	example, _, ok := strings.Cut(rest, "```")
	if !ok {
		t.Fatal("the guide has no example")
	}
	s, findings := Parse("docs/vm-ha.md", []byte(example))
	if len(findings) > 0 || s.Fencing.Hosts["kvm2"].Options[0] != (Option{"cipher", "3"}) {
		t.Errorf("%v %+v", findings, s.Fencing)
	}
}

func TestMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"wiat: {cycle: 1m}":                          `f:1:1: error: unknown key "wiat"; did you mean "wait"?`,
		"wait: {cycle: banana}":                      "f:1:8: error: cycle is no time from 1s to 1h0m0s; write one such as 30s or 5m",
		"wait:\n  agree: 0":                          "f:2:3: error: agree is no number from 1 to 1000; write one such as 3",
		"offline: maybe":                             "f:1:1: error: offline is neither yes nor no; write one of them",
		"offline: yes\noffline: no":                  `f:2:1: error: "offline" is given twice; keep one of them`,
		"fencing: {password: geheim}":                "f:1:11: error: a password does not belong into this file; write it to a file of mode 0600 that belongs to oneadmin, and give password_file",
		"fencing: {agent: fence_apc}":                "f:1:11: error: no agent of oneha takes the place of fence_apc; use fence_bmc_ilo, fence_bmc_ilo_ssh, fence_bmc_ipmi, fence_bmc_redfish",
		"fencing: {options: {action: on}}":           "f:1:21: error: the hook itself gives action; remove it",
		"fencing: {password_file: secret}":           "f:1:11: error: password_file is not a whole path; write one that begins with /",
		"states: {PROLOGUE: skip}":                   `f:1:10: error: there is no state "PROLOGUE"; did you mean "PROLOG"?`,
		"states: {PROLOG: resched}":                  "f:1:10: error: PROLOG cannot be resched; use one of [handle skip recreate delete]",
		"storage: {local: handle}":                   "f:1:11: error: local cannot be handle; use one of [skip recreate delete]",
		"version: 2":                                 "f:1:1: error: version 2 is not known; write version: 1",
		"- a\n- b":                                   "f:1:1: error: the file is not a map; write KEY: VALUE on lines of their own",
		"priority: 7 up":                             "f:1:1: error: priority is not the name of an attribute; write one such as ONEHA_PRIORITY, as it stands in onevm show",
		"missed: &a handle":                          "f:1:9: error: anchors, aliases and tags are not used in this file; write the value out",
		"version: 1\n---\nversion: 1":                "f:3:8: error: a second YAML document; one file holds one: remove the line ---",
		"endpoint: https://x":                        "f:1:1: error: endpoint is not of the form http://127.0.0.1:2633/RPC2 (oned itself speaks plain http,...; remove it on a front-end: the default is http://127.0.0.1:2633/RPC2",
		"wait:":                                      "",
		"settle:":                                    "f:1:1: error: settle has no value, or one of several lines; give it one on one line, or remove the key",
		"fencing: {hosts: {kvm1: {ip: \"a b; c\"}}}": "f:1:26: error: a b; c is neither an address nor a name; write the address of the BMC",
	} {
		_, findings := Parse("f", []byte(text))
		var got []string
		for _, f := range findings {
			got = append(got, f.String())
		}
		if strings.Join(got, "\n") != want {
			t.Errorf("%q:\n got %s\nwant %s", text, strings.Join(got, "\n"), want)
		}
		for _, f := range findings {
			if strings.Contains(f.String(), "geheim") {
				t.Errorf("it shows a password: %s", f)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(whole))
	f.Add([]byte("wait: [a: {b"))
	f.Add([]byte("? a\n: *b\n<<: {}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, findings := Parse("f", data)
		lines := strings.Split(string(data), "\n")
		for _, x := range findings {
			if x.Line < 1 || x.Line > len(lines) || x.Column < 1 || x.Column > utf8.RuneCountInString(lines[x.Line-1])+1 {
				t.Errorf("outside the file: %s", x)
			}
			if x.What == "" || x.Fix == "" || strings.ContainsAny(x.String(), "\n\r") {
				t.Errorf("not one line with what and fix: %q", x)
			}
		}
	})
}
