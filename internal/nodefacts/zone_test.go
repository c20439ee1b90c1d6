package nodefacts

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/oneha/oneha/internal/lint"
	"github.com/oneha/oneha/internal/raft/zoneconf"
	"github.com/oneha/oneha/internal/spec"
	"github.com/oneha/oneha/internal/unit"
)

const zoneText = `version: 1
mode: raft
nodes:
  one-server1: 10.3.4.20
  one-server2: 10.3.4.21
  one-server3: 10.3.4.22
vip: {address: 10.3.4.2/24, nic: eth0}
`

// zoneFacts are those of the description of a zone.
func zoneFacts(t *testing.T) (lint.Facts, *spec.Zone) {
	t.Helper()
	c, findings := spec.Parse("raft.yaml", []byte(zoneText))
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	d, err := lint.Describe("raft.yaml", []byte(zoneText), c)
	if err != nil {
		t.Fatal(err)
	}
	return lint.Facts{Description: d}, c.Zone
}

// asServer is the machine as the first server of the zone, in good order.
func asServer(t *testing.T, z *spec.Zone, files map[string]string) (Machine, *units) {
	t.Helper()
	all := map[string]string{
		"etc/one/oneflow-server.conf": ":host: 127.0.0.1\n:port: 2474\n",
		"etc/one/monitord.conf":       "NETWORK = [ MONITOR_ADDRESS = \"auto\" ]\n",
	}
	conf, err := os.ReadFile("../confedit/testdata/oned-6.10.conf")
	if err != nil {
		t.Fatal(err)
	}
	all["etc/one/oned.conf"] = string(conf)
	for _, file := range zoneconf.Files {
		name := strings.TrimPrefix(file, "/")
		if text, has := all[name]; has {
			edited, findings := zoneconf.Edits(z, z.Servers[0], file, []byte(text))
			if findings.HasErrors() {
				t.Fatal(findings)
			}
			all[name] = string(edited.Text)
		}
	}
	for name, text := range map[string]string{
		"usr/bin/sudo": "#!", "etc/sudoers.d/oneha-raft": zoneconf.Sudoers,
		"usr/lib/systemd/system/pacemaker.service":                            "gone",
		"usr/lib/systemd/system/corosync.service":                             "gone",
		"etc/systemd/system/multi-user.target.wants/pacemaker.service":        "gone",
		"etc/systemd/system/multi-user.target.wants/corosync.service":         "gone",
		"usr/lib/systemd/system/oneha-raft-guard.service":                     "",
		"etc/systemd/system/multi-user.target.wants/oneha-raft-guard.service": "-> /usr/lib/systemd/system/oneha-raft-guard.service",
		"etc/systemd/system/multi-user.target.wants/opennebula.service":       "-> /usr/lib/systemd/system/opennebula.service",
	} {
		all[name] = text
	}
	for name, text := range files {
		if old, new, change := strings.Cut(text, " => "); change {
			if !strings.Contains(all[name], old) {
				t.Fatalf("%q is not in %s", old, name)
			}
			text = strings.Replace(all[name], old, new, 1)
		}
		all[name] = text
	}
	m, u := machine(t, all)
	if err := os.Chmod(m.Root+"/usr/bin/sudo", 0o755); err != nil {
		t.Fatal(err)
	}
	u.active = map[string]unit.Settings{"opennebula.service": {Restart: "on-failure"}, zoneconf.GuardUnit: {Restart: "always"}}
	u.clustered = nil
	return m, u
}

// Each fault of a server of a zone is found, and a server without one has none.
func TestZoneFaults(t *testing.T) {
	for name, test := range map[string]struct {
		files  map[string]string
		change func(*Machine, *units)
		want   string // beginnings of findings, one a line
	}{
		"none":           {},
		"by its address": {change: func(m *Machine, _ *units) { m.Name = "fe1.example.org" }},
		"a stranger": {change: func(m *Machine, _ *units) {
			m.Name, m.Interfaces = "x", func() ([]lint.Interface, error) { return nil, nil }
		}, want: "S05: this machine is none of the servers"},
		"vip.sh":             {files: map[string]string{"etc/one/oned.conf": `"/usr/bin/sudo" => "/usr/bin/true"`, "usr/bin/true": ""}, want: "O02: the Raft hook /usr/bin/true is no executable file\nS02: RAFT_LEADER_HOOK COMMAND is \"/usr/bin/true\", and the description makes it \"/usr/bin/sudo\""},
		"another address":    {files: map[string]string{"etc/one/oned.conf": "hook leader eth0 10.3.4.2/24 => hook leader eth0 10.3.4.3/24"}, want: "S02: RAFT_LEADER_HOOK ARGUMENTS is \"-n\nS03: RAFT_LEADER_HOOK and RAFT_FOLLOWER_HOOK differ"},
		"another server":     {files: map[string]string{"etc/one/oned.conf": "SERVER_ID     = 0 => SERVER_ID     = 2"}, want: "S05: FEDERATION SERVER_ID is \"2\", and the description makes it \"0\""},
		"a key of RAFT":      {files: map[string]string{"etc/one/oned.conf": "    LIMIT_PURGE          = 100000,\n => "}, want: "S04: RAFT lacks LIMIT_PURGE, and oned takes what stands"},
		"another timeout":    {files: map[string]string{"etc/one/oned.conf": "ELECTION_TIMEOUT_MS  = 5000 => ELECTION_TIMEOUT_MS  = 2500"}, want: "S07: RAFT ELECTION_TIMEOUT_MS is \"2500"},
		"flow":               {files: map[string]string{"etc/one/oneflow-server.conf": "0.0.0.0 => 127.0.0.1"}, want: "S06: :host is \"127.0.0.1\", and the description makes it \"0.0.0.0\""},
		"monitor":            {files: map[string]string{"etc/one/monitord.conf": "10.3.4.2 => auto"}, want: "O02: MONITOR_ADDRESS is auto and the floating IP is 10.3.4.2"},
		"no sudo":            {files: map[string]string{"etc/sudoers.d/oneha-raft": "gone"}, want: "S12: nothing lets oned call its hooks as root"},
		"sudo for something": {files: map[string]string{"etc/sudoers.d/oneha-raft": "oneadmin ALL=(root) NOPASSWD: /usr/bin/oneha raft hook leader *\n# oneha raft hook follower\n"}, want: "S12: nothing lets oned"},
		"no guard":           {files: map[string]string{"usr/lib/systemd/system/oneha-raft-guard.service": "gone", "etc/systemd/system/multi-user.target.wants/oneha-raft-guard.service": "gone"}, want: "S12: there is no oneha-raft-guard.service"},
		"guard is stopped":   {change: func(_ *Machine, u *units) { delete(u.active, zoneconf.GuardUnit) }, want: "S12: oneha-raft-guard.service does not run"},
		"interface": {change: func(m *Machine, _ *units) {
			m.Interfaces = func() ([]lint.Interface, error) { return []lint.Interface{{Name: "ens3"}}, nil }
		}, want: "S11: the floating IP 10.3.4.2 is to be on eth0"},
		"clock":     {change: func(m *Machine, _ *units) { m.Clock = func() (bool, error) { return false, nil } }, want: "S08: the clock is not synchronised"},
		"database":  {files: map[string]string{"etc/one/oned.conf": "DB = [ BACKEND = \"sqlite\",\n       TIMEOUT = 2500 ] => DB = [ BACKEND = \"mysql\", SERVER = \"10.3.4.2\", PASSWD = \"opensesame\" ]"}, want: "S09: DB BACKEND is mysql, and the description says sqlite\nS09: the database is at the floating IP"},
		"pacemaker": {files: map[string]string{"usr/lib/systemd/system/pacemaker.service": "", "etc/systemd/system/multi-user.target.wants/pacemaker.service": "-> /usr/lib/systemd/system/pacemaker.service"}, want: "S10: pacemaker.service is enabled at boot"},
	} {
		t.Run(name, func(t *testing.T) {
			f, z := zoneFacts(t)
			m, u := asServer(t, z, test.files)
			if test.change != nil {
				test.change(&m, u)
			}
			f.Node = Collect(t.Context(), m, f.Wanted())
			var got []string
			for _, finding := range lint.Check(f, nil) {
				got = append(got, finding.ID+": "+finding.What)
			}
			var want []string
			if test.want != "" {
				want = strings.Split(test.want, "\n")
			}
			same := len(got) == len(want)
			for _, w := range want {
				found := false
				for _, g := range got {
					found = found || strings.HasPrefix(g, w)
				}
				same = same && found
			}
			if !same {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
			if len(f.Node.Unknown) > 0 {
				t.Errorf("not found out: %q", f.Node.Unknown)
			}
			text, err := json.Marshal(f.Node)
			if err != nil || strings.Contains(string(text), "opensesame") {
				t.Errorf("%v: a password is among the facts: %s", err, text)
			}
		})
	}
}

// A file that oned would refuse is said to be one, and nothing is made of it.
func TestBrokenOnedConf(t *testing.T) {
	f, z := zoneFacts(t)
	m, _ := asServer(t, z, map[string]string{"etc/one/oned.conf": "RAFT = [ A = \"opensesame\n"})
	f.Node = Collect(t.Context(), m, f.Wanted())
	if text := strings.Join(f.Node.Unknown, "\n"); !strings.Contains(text, "oned.conf:1:") || strings.Contains(text, "opensesame") {
		t.Errorf("not found out: %q", f.Node.Unknown)
	}
}
