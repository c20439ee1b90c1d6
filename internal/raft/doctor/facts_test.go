package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/raft/zone"
	"github.com/oneha/oneha/internal/remote"
)

const oned = `# a secret: PASSWD
DB = [ BACKEND = "mysql", USER = "oneadmin", PASSWD = "hush" ]
FEDERATION = [ MODE = "STANDALONE", ZONE_ID = 0, SERVER_ID = 1, MASTER_ONED = "" ]
raft = [ LIMIT_PURGE = 100000, LOG_RETENTION = 250000, election_timeout_ms = 5000 ]
RAFT_LEADER_HOOK = [ COMMAND = "/usr/bin/sudo", ARGUMENTS = "-n  /usr/bin/oneha raft hook leader eth0 10.0.0.1/24" ]
RAFT_FOLLOWER_HOOK = [ COMMAND = "raft/follower.sh", ARGUMENTS = "follower" ]
`

// fakeHost answers from a table of command lines.
type fakeHost struct {
	name    string
	answers map[string]any // string or error
	files   map[string]string
	hang    bool
}

func (h fakeHost) Name() string { return h.name }
func (h fakeHost) Close() error { return nil }

func (h fakeHost) Run(ctx context.Context, argv ...string) ([]byte, error) {
	if h.hang {
		<-ctx.Done()
		return nil, fmt.Errorf("%s: run %s: %w", h.name, argv[0], ctx.Err())
	}
	switch a := h.answers[strings.Join(argv, " ")].(type) {
	case string:
		return []byte(a), nil
	case error:
		return nil, a
	}
	return nil, &remote.ExitError{Host: h.name, Program: argv[0], Code: 127, Stderr: "not found"}
}

func (h fakeHost) Stream(context.Context, io.Reader, io.Writer, ...string) error {
	return errors.New("not used")
}

func (h fakeHost) WriteFile(context.Context, string, []byte, remote.Meta) error {
	return errors.New("nothing is changed")
}

func (h fakeHost) ReadFile(_ context.Context, path string) ([]byte, error) {
	if text, ok := h.files[path]; ok {
		return []byte(text), nil
	}
	return nil, fmt.Errorf("%s: read %s: %w", h.name, path, fs.ErrNotExist)
}

func exit(code int) error { return &remote.ExitError{Host: "server-1", Program: "x", Code: code} }

func TestLook(t *testing.T) {
	sums := strings.Repeat("1", 64) + "  /var/lib/one/.one/one_key\n" + strings.Repeat("2", 64) + "  /var/lib/one/.one/one_auth\n" +
		strings.Repeat("3", 64) + "  /var/lib/one/.one/ec2_auth_token_cache\n"
	h := fakeHost{name: "server-1", files: map[string]string{onedConf: oned}, answers: map[string]any{
		"true":           "",
		"oned --version": "Copyright 2002-2024, OpenNebula Project, OpenNebula Systems\n\nOpenNebula 6.10.5 is distributed under the Apache License 2.0\n",
		"timedatectl show --property=NTPSynchronized --value": "no\n",
		"df -Pk /var/lib/one": "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/mapper/a b 102400 51200 40960 56% /var/lib/one\n",
		"systemctl show --property=Id,UnitFileState opennebula.service oneha-raft-guard.service pacemaker.service": "Id=opennebula.service\nUnitFileState=enabled\n\nId=oneha-raft-guard.service\nUnitFileState=disabled\n\nId=pacemaker.service\nUnitFileState=\n",
		"sudo -n -l -U oneadmin /usr/bin/oneha raft hook leader eth0 192.0.2.1/24":                                 exit(1),
		"find /var/lib/one/.one -maxdepth 1 -type f -exec sha256sum {} +":                                          sums,
		"test -x /usr/bin/sudo":                               "",
		"test -x /var/lib/one/remotes/hooks/raft/follower.sh": exit(1),
	}}
	m := Look(t.Context(), h, "server-1", 1)
	if len(m.Unknown) > 0 {
		t.Errorf("unknown: %q", m.Unknown)
	}
	if m.Version == nil || *m.Version != "6.10.5" || m.Synced == nil || *m.Synced || m.Sudo == nil || *m.Sudo {
		t.Errorf("%v, %v, %v", m.Version, m.Synced, m.Sudo)
	}
	if m.Space == nil || *m.Space != (Space{Free: 40 << 20, Percent: 56}) {
		t.Errorf("space %+v", m.Space)
	}
	if !maps.Equal(m.Units, map[string]string{"opennebula.service": "enabled", "oneha-raft-guard.service": "disabled", "pacemaker.service": ""}) {
		t.Errorf("units %v", m.Units)
	}
	if got := slices.Sorted(maps.Keys(m.Hashes)); !slices.Equal(got, []string{"one_auth", "one_key"}) {
		t.Errorf("hashes of %v", got)
	}
	if !maps.Equal(m.Hooks, map[string]bool{"/usr/bin/sudo": true, "raft/follower.sh": false}) {
		t.Errorf("hooks %v", m.Hooks)
	}
	if c := m.Conf; c == nil || c.ServerID != "1" || !c.HasRaft || len(c.Raft) != 3 || c.Raft["ELECTION_TIMEOUT_MS"] != "5000" ||
		c.Hooks[leaderHook] != (Hook{"/usr/bin/sudo", "-n /usr/bin/oneha raft hook leader eth0 10.0.0.1/24"}) {
		t.Errorf("oned.conf %+v", c)
	}
	if strings.Contains(fmt.Sprintf("%+v %+v", m, m.Conf), "hush") {
		t.Error("the password of the database is among the facts")
	}
}

// What does not answer is not known, and the rest is.
func TestLookInVain(t *testing.T) {
	m := Look(t.Context(), fakeHost{name: "server-1", answers: map[string]any{"true": ""}}, "server-1", 1)
	if m.Conf != nil || m.Version != nil || m.Synced != nil || m.Space != nil || m.Units != nil || m.Sudo != nil || m.Hashes != nil {
		t.Errorf("something is known: %+v", m)
	}
	if len(m.Unknown) != 7 || !slices.IsSorted(m.Unknown) || !strings.HasPrefix(m.Unknown[0], "server-1, OpenNebula's version: ") {
		t.Errorf("unknown: %q", m.Unknown)
	}
	m = Look(t.Context(), fakeHost{name: "server-1", answers: map[string]any{"true": fmt.Errorf("server-1 (root@10.0.0.2) %w: no route", remote.ErrUnreachable)}}, "server-1", 1)
	if len(m.Unknown) != 1 || m.Unknown[0] != "server-1, its machine and files: server-1 (root@10.0.0.2) cannot be reached over ssh: no route" {
		t.Errorf("unknown: %q", m.Unknown)
	}
}

// A machine that hangs keeps the others from nothing.
func TestVisit(t *testing.T) {
	servers := []zone.Server{{ID: 0, Name: "server-0"}, {ID: 1, Name: "server-1"}}
	all := Visit(t.Context(), 2*time.Second, servers, func(s zone.Server) remote.Host {
		return fakeHost{name: s.Name, hang: s.ID == 0, files: map[string]string{onedConf: oned}, answers: map[string]any{"true": ""}}
	})
	if len(all) != 2 || all[0].Server != "server-0" || len(all[0].Unknown) != 1 || all[1].Conf == nil {
		t.Errorf("%+v", all)
	}
}

func TestReadVersion(t *testing.T) {
	for text, want := range map[string]string{
		"OpenNebula 5.12.0.4 is distributed": "5.12.0.4", "OpenNebula 7.0. It": "7.0", "Copyright 2002-2024, OpenNebula": "", "": "", "...": "",
	} {
		if got, ok := readVersion(text); got != want || ok != (want != "") {
			t.Errorf("%q: %q, %t", text, got, ok)
		}
	}
}

func FuzzReadFacts(f *testing.F) {
	f.Add("Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/sda1 1 2 3 4% /\n")
	f.Add("Id=a.service\nUnitFileState=enabled\n\nId=b.service\n")
	f.Add(strings.Repeat("1", 64) + "  /var/lib/one/.one/one_key\n")
	f.Add(oned)
	f.Fuzz(func(t *testing.T, text string) {
		if s, err := readSpace(text); err == nil && s.Free < 0 {
			t.Errorf("%d bytes are free", s.Free)
		}
		for id := range readUnits(text) {
			if id == "" {
				t.Error("a unit without a name")
			}
		}
		for name, sum := range readHashes(text) {
			if len(sum) != 64 || strings.Contains(name, "/") {
				t.Errorf("%q: %q", name, sum)
			}
		}
		readConf([]byte(text))
		readVersion(text)
	})
}
