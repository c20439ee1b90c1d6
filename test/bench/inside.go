package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"
)

const (
	rounds   = 40
	agentDir = "/usr/lib/ocf/resource.d/"
	bmcPort  = 9623
	bmcUser  = "bench"
	bmcPass  = "bench-only"
)

// inside runs in a disposable root file system and network namespace: it may
// add links, addresses and a simulated BMC there.
func inside(ctx context.Context) error {
	if err := prepareLink(ctx); err != nil {
		return err
	}
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

	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "question\tours\twall ms\tCPU ms\tstock\twall ms\tCPU ms\twall ratio\tCPU ratio")
	for _, q := range questions(dir) {
		fmt.Fprintf(os.Stderr, "bench: %s, %d rounds of each side ...\n", q.what, rounds)
		ours, stock, err := compare(ctx, q.ours, q.stock, rounds)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%.1f\t%.1f\n", q.what,
			q.ours.name, ms(ours.wall), ms(ours.cpu), q.stock.name, ms(stock.wall), ms(stock.cpu),
			float64(stock.wall)/float64(ours.wall), float64(stock.cpu)/float64(ours.cpu))
	}
	return w.Flush()
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f", float64(d)/float64(time.Millisecond)) }

type question struct {
	what        string
	ours, stock program
}

func questions(dir string) []question {
	// One announcement: a young address is announced again by the next monitor, and
	// this compares looking, not announcing.
	ocfEnv := []string{"OCF_RESKEY_arp_count=1", "OCF_ROOT=/usr/lib/ocf", "OCF_RESOURCE_INSTANCE=bench", "OCF_RA_VERSION_MAJOR=1", "OCF_RA_VERSION_MINOR=1",
		"HA_LOGFACILITY=none", "OCF_RESKEY_CRM_meta_interval=10000", "OCF_RESKEY_CRM_meta_timeout=20000", "OCF_RESKEY_nic=eth0", "OCF_RESKEY_cidr_netmask=24"}
	vip := func(ip, agent, action string, code int) program {
		return program{name: strings.Replace(agent, "/", ":", 1), args: []string{agentDir + agent, action}, env: append(ocfEnv, "OCF_RESKEY_ip="+ip), code: code}
	}
	bmc := fmt.Sprintf("action=status\nip=127.0.0.1\nipport=%d\nusername=%s\nlanplus=1\ncipher=3\n", bmcPort, bmcUser)
	const there, away = "10.77.0.100", "10.77.0.101"
	return []question{
		{"VIP monitor, present", vip(there, "opennebula/vip", "monitor", 0), vip(there, "heartbeat/IPaddr2", "monitor", 0)},
		{"VIP monitor, absent", vip(away, "opennebula/vip", "monitor", 7), vip(away, "heartbeat/IPaddr2", "monitor", 7)},
		{"fence status, IPMI 2.0",
			program{name: "fence_bmc_ipmi", args: []string{"/usr/sbin/fence_bmc_ipmi"}, stdin: bmc + "password_file=" + filepath.Join(dir, "password") + "\n"},
			program{name: "fence_ipmilan", args: []string{"/usr/sbin/fence_ipmilan"}, stdin: bmc + "password=" + bmcPass + "\n"}},
		{"fence metadata",
			program{name: "fence_bmc_ipmi", args: []string{"/usr/sbin/fence_bmc_ipmi"}, stdin: "action=metadata\n"},
			program{name: "fence_ipmilan", args: []string{"/usr/sbin/fence_ipmilan"}, stdin: "action=metadata\n"}},
	}
}

// prepareLink makes eth0 with the address that the monitors look for. A veth
// pair, since not every kernel has dummy links.
func prepareLink(ctx context.Context) error {
	for _, args := range []string{
		"link set lo up", "link add eth0 type veth peer name peer0", "link set peer0 up", "link set eth0 up",
		"addr add 10.77.0.1/24 dev eth0", "addr add 10.77.0.100/24 dev eth0",
	} {
		if out, err := exec.CommandContext(ctx, "ip", strings.Fields(args)...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %s: %w: %s", args, err, out)
		}
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
