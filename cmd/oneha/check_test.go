package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/oneha/oneha/internal/lint"
	"github.com/oneha/oneha/internal/nodefacts"
	"github.com/oneha/oneha/internal/unit"
)

// idle is a systemd without units.
type idle struct{}

func (idle) State(_ context.Context, name string) (unit.State, error) {
	return unit.State{Unit: name, Load: "not-found"}, nil
}
func (idle) Settings(context.Context, string) (unit.Settings, error) { return unit.Settings{}, nil }
func (idle) Clustered(string) bool                                   { return false }
func (idle) Close()                                                  {}

// node runs the command on a machine of its own.
func node(t *testing.T, name string, files map[string]string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	root := t.TempDir()
	for file, text := range files {
		path := filepath.Join(root, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out, errs bytes.Buffer
	tool := tool{stdin: strings.NewReader(""), stdout: &out, stderr: &errs, root: os.DirFS(root), machine: nodefacts.Machine{
		Root: root, Name: name, Units: idle{},
		Clock:      func() (bool, error) { return true, nil },
		Room:       func(string) (lint.Room, error) { return lint.Room{Free: 1 << 30, Files: 1 << 20}, nil },
		Interfaces: func() ([]lint.Interface, error) { return nil, nil },
		Claim:      func(context.Context, lint.Floating) (string, error) { return "", nil },
		BMC:        func(context.Context, lint.Device) (bool, error) { return true, nil },
	}}
	code = tool.run(t.Context(), append([]string{"oneha", "check"}, args...))
	return code, out.String(), errs.String()
}

// A node's facts are printed on one node and compared on the other.
func TestCheckNode(t *testing.T) {
	const example = "../../examples/three-nodes.yaml"
	files := func(conf string) map[string]string {
		return map[string]string{
			"etc/passwd": "oneadmin:x:9869:9869::/:/bin/sh\n", "etc/corosync/authkey": strings.Repeat("k", 128), "etc/one/oned.conf": conf, "etc/oneha/bmc": "opensesame\n",
		}
	}
	const conf = "DB = [ BACKEND = \"mysql\", SERVER = \"db\" ]\n"
	code, facts, stderr := node(t, "one-server1", files(conf), example, "--node", "--facts")
	if code != exitOK || !strings.Contains(facts, `"name": "one-server1"`) || stderr != "" || strings.Contains(facts, "opensesame") {
		t.Fatalf("%d %s\n%s", code, facts, stderr)
	}
	peer := filepath.Join(t.TempDir(), "node1.json")
	if err := os.WriteFile(peer, []byte(facts), 0o600); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := node(t, "one-server2", files(conf), "--node", "--peer-facts", peer, example)
	if code != exitOK || stderr != "" || !strings.Contains(stdout, "three-nodes.yaml, node one-server2: no findings") {
		t.Errorf("twins: %d %s\n%s", code, stdout, stderr)
	}
	code, _, stderr = node(t, "one-server2", files(conf+"PORT = 2634\n"), "--node", "--peer-facts", peer, example)
	if want := "/etc/one/oned.conf: warning O04: the file differs from that on one-server1; compare the two, and copy the right one\n"; code != exitOK || stderr != want {
		t.Errorf("no twins: %d\n%s", code, stderr)
	}
	code, _, stderr = node(t, "one-server2", files("DB = [ BACKEND = \"sqlite\" ]\n"), "--node", example)
	if code != exitFindings || !strings.Contains(stderr, "/etc/one/oned.conf: error O03: ") {
		t.Errorf("sqlite: %d\n%s", code, stderr)
	}
	if code, _, stderr = node(t, "x", nil, "--node", "--peer-facts", example); code != exitTrouble || !strings.Contains(stderr, "give what `oneha check --node --facts` printed") {
		t.Errorf("no facts: %d\n%s", code, stderr)
	}
}

// A server of a Raft zone is judged by the description too.
func TestCheckServer(t *testing.T) {
	const example = "../../examples/raft.yaml"
	files := map[string]string{
		"etc/one/oned.conf":           "DB = [ BACKEND = \"sqlite\" ]\nFEDERATION = [ MODE = \"STANDALONE\", ZONE_ID = 0, SERVER_ID = 2, MASTER_ONED = \"\" ]\n",
		"var/lib/one/.one/one_key":    strings.Repeat("k", 32),
		"etc/sudoers.d/oneha-raft":    "# nothing\n",
		"etc/one/onegate-server.conf": ":host: 127.0.0.1\n",
	}
	code, stdout, stderr := node(t, "server-1", files, "--node", example)
	for _, want := range []string{
		`/etc/one/oned.conf:2:1: error S05: FEDERATION SERVER_ID is "2", and the description makes it "1"; set it to "1"`,
		`/etc/one/oned.conf:3:1: error S02: RAFT_LEADER_HOOK lacks COMMAND and ARGUMENTS; set it as oneha generate shows`,
		`/etc/one/onegate-server.conf:1:1: error S06: :host is "127.0.0.1"`,
		`/etc/one/oned.conf:3:1: warning S07: RAFT lacks LIMIT_PURGE, LOG_RETENTION, LOG_PURGE_TIMEOUT, ELECTION_TIMEOUT_MS, BROADCAST_TIMEOUT_MS and XMLRPC_TIMEOUT_MS`,
		`/etc/sudoers.d/oneha-raft: error S12: nothing lets oned call its hooks as root`,
		`node server-1: error S12: there is no oneha-raft-guard.service`,
	} {
		if !strings.Contains(stderr, want) {
			t.Errorf("no %s in\n%s", want, stderr)
		}
	}
	if code != exitFindings || !strings.Contains(stdout, "zone zone-0: 3 servers") && !strings.Contains(stdout, "error") {
		t.Errorf("%d %s\n%s", code, stdout, stderr)
	}
	code, stdout, _ = node(t, "server-1", files, "--node", "--facts", example)
	if code != exitOK || !strings.Contains(stdout, `"server": "server-1"`) {
		t.Errorf("%d %s", code, stdout)
	}
}

// What is known of our own agents' parameters is what they declare.
func TestAgentParameters(t *testing.T) {
	all := agentParameters()
	for agent, parameter := range map[string]string{
		"ocf:opennebula:vip": "netmask", "ocf:opennebula:oned": "probe_timeout", "stonith:fence_bmc_ipmi": "ipaddr", "stonith:fence_bmc_ilo_ssh": "password_file",
	} {
		if !slices.Contains(all[agent], parameter) {
			t.Errorf("%s has no %s: %q", agent, parameter, all[agent])
		}
	}
	for agent, names := range all {
		if len(names) < 2 {
			t.Errorf("%s: %q", agent, names)
		}
	}
}
