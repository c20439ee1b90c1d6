package nodefacts

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oneha/oneha/internal/lint"
)

// What oned.conf and monitord.conf say is found in them, and what stands in a comment says
// nothing.
func FuzzConfiguration(f *testing.F) {
	for _, release := range []string{"5.4", "6.10", "7.4"} {
		text, err := os.ReadFile("../one/testdata/etc/" + release + "/oned.conf")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Add("RAFT_LEADER_HOOK = [ COMMAND = \"raft/vip.sh\", ARGUMENTS = \"leader eth0 10.0.0.9/24\" ]\n# RAFT_FOLLOWER_HOOK = [ COMMAND = \"x\" ]\n")
	f.Add("MONITOR_ADDRESS=\"10.0.0.9\"\nRAFT = [ ELECTION_TIMEOUT_MS = 99999999999999999999, X ]")
	f.Add("oneadmin ALL=(root) NOPASSWD: /usr/bin/oneha raft hook leader *, /usr/bin/oneha raft hook follower *\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, which := range []string{"LEADER", "FOLLOWER"} {
			if command := hook(text, which); command != "" && (command != strings.TrimSpace(command) || !strings.Contains(strings.ToUpper(text), "RAFT_"+which+"_HOOK")) {
				t.Errorf("%q has the hook %q", text, command)
			}
			if command := hook("# "+strings.ReplaceAll(text, "\n", "\n# "), which); command != "" {
				t.Errorf("a comment has the hook %q", command)
			}
		}
		if a := first(monitorAddress, withoutComments(text)); strings.ContainsAny(a, " \t\n\"],") {
			t.Errorf("%q is monitored at %q", text, a)
		}
		if allowsHooks("# " + strings.ReplaceAll(text, "\n", "\n# ")) {
			t.Error("a comment allows the hooks")
		}
		o := &lint.Oned{}
		raftOf(o, []byte(text))
		if len(o.RaftMissing) > 0 && !strings.Contains(strings.ToUpper(text), "RAFT") {
			t.Errorf("%q lacks %q", text, o.RaftMissing)
		}
	})
}

// A line of /proc/net/tcp: only a socket that listens has a port that listens.
func FuzzListening(f *testing.F) {
	for _, line := range []string{
		"   0: 0100007F:0A49 00000000:0000 0A 00000000:00000000 00:00000000 00000000  9869        0 12345 1 0000000000000000 100 0 0 10 0",
		"   1: 00000000000000000000000001000000:0277 00000000000000000000000000000000:0000 01 00000000:00000000 00:00000000 00000000     0        0 1 1",
		"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode", "a b:FFFFF c 0A e f g h i j", "a b:-1 c 0A e f g h i j",
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		port, inode, ok := listening(line)
		if ok && (port < 0 || port > 65535 || inode == "" || !strings.Contains(line, inode) || !strings.Contains(strings.ToUpper(line), fmt.Sprintf("%X", port)) || !strings.Contains(line, "0A")) {
			t.Errorf("%q: port %d of %q", line, port, inode)
		}
	})
}

// A process's cgroup: its unit is a service that the file names.
func FuzzUnitOf(f *testing.F) {
	for _, text := range []string{"0::/system.slice/opennebula.service\n", "12:pids:/system.slice/opennebula.service\n1:name=systemd:/a/b.service/c.scope\n", "0::/user.slice\n", "/.service", ""} {
		f.Add(text)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		if err := os.WriteFile(filepath.Join(dir, "cgroup"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if unit := unitOf(dir); unit != "" && (!strings.HasSuffix(unit, ".service") || strings.ContainsAny(unit, "/\n") || !strings.Contains(text, unit)) {
			t.Errorf("%q is of %q", text, unit)
		}
	})
}
