package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const (
	bmcPort = 9623
	bmcUser = "bench"
	bmcPass = "bench-only"
)

// fenceLines measures the IPMI fence agent beside fence_ipmilan, against a
// simulated BMC.
func fenceLines(ctx context.Context, t *table) error {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	stop, err := startBMC(ctx, dir)
	if err != nil {
		return err
	}
	defer stop()

	const ours, theirs = "fence_bmc_ipmi", "fence_ipmilan"
	status := fmt.Sprintf("action=status\nip=127.0.0.1\nipport=%d\nusername=%s\nlanplus=1\ncipher=3\n", bmcPort, bmcUser)
	fence := func(name, input string) program {
		return program{name: name, args: []string{"/usr/sbin/" + name}, stdin: input}
	}
	for _, q := range []struct {
		what        string
		ours, stock program
	}{
		{"fence status, IPMI 2.0", fence(ours, status+"password_file="+filepath.Join(dir, "password")+"\n"), fence(theirs, status+"password="+bmcPass+"\n")},
		{"fence metadata", fence(ours, "action=metadata\n"), fence(theirs, "action=metadata\n")},
	} {
		costs, err := contest(ctx, q.what, rounds, q.ours, q.stock)
		if err != nil {
			return err
		}
		t.beside(q.what+", CPU", cpu, costs[0], theirs, costs[1], limit{})
		t.beside(q.what+", wall", wall, costs[0], theirs, costs[1], limit{})
	}
	return nil
}

// startBMC starts ipmi_sim with a chassis that is always on and waits until its
// port is taken.
func startBMC(ctx context.Context, dir string) (stop func(), err error) {
	files := map[string]string{
		"password": bmcPass + "\n",
		"chassis":  "#!/bin/sh\n[ \"$1\" = get ] && echo power:1\nexit 0\n",
		"sim.emu":  "mc_setbmc 0x20\nmc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr\nsel_enable 0x20 1000 0x0a\nmc_enable 0x20\n",
		"lan.conf": `name "bench"
set_working_mc 0x20
  startlan 1
    addr 127.0.0.1 ` + fmt.Sprint(bmcPort) + `
    priv_limit admin
    allowed_auths_callback none md2 md5 straight
    allowed_auths_user none md2 md5 straight
    allowed_auths_operator none md2 md5 straight
    allowed_auths_admin none md2 md5 straight
    guid a123456789abcdefa123456789abcdef
  endlan
  chassis_control "` + filepath.Join(dir, "chassis") + `"
  startnow false
  user 2 true "` + bmcUser + `" "` + bmcPass + `" admin 10 none md2 md5 straight
`,
	}
	for name, text := range files {
		mode := os.FileMode(0o600)
		if name == "chassis" {
			mode = 0o700
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), mode); err != nil {
			return nil, err
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "state"), 0o700); err != nil {
		return nil, err
	}
	sim := exec.CommandContext(ctx, "ipmi_sim", "-n", "-c", "lan.conf", "-f", "sim.emu", "-s", "state")
	sim.Dir = dir
	if err := sim.Start(); err != nil {
		return nil, fmt.Errorf("start ipmi_sim: %w", err)
	}
	stop = func() { sim.Process.Kill(); sim.Wait() }
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		// Looked up, not tried: a socket of our own on the port could be in the way.
		sockets, err := os.ReadFile("/proc/net/udp")
		if err != nil {
			stop()
			return nil, err
		}
		if strings.Contains(string(sockets), fmt.Sprintf("0100007F:%04X ", bmcPort)) {
			return stop, nil
		}
	}
	stop()
	return nil, fmt.Errorf("start ipmi_sim: it does not listen on port %d", bmcPort)
}
