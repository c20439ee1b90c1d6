package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/oneha/oneha/test/fakeilo"
	"github.com/oneha/oneha/test/fakeredfish"
)

// bmc is a kind of simulated BMC, whose machine is on, and the two agents for it.
type bmc struct {
	name           string
	ours, stock    string
	times          float64 // that ours has to stay below, in CPU time
	slow           bool    // it pauses within its answers to the stock agent
	port           int
	user, password string

	oursOptions, stockOptions string // lines

	floor *program // the least that Go can do, nil where that is not measured

	start func(ctx context.Context, dir string) (stop func(), err error)
}

const standInDir = "/root/standin"

// bmcs are all kinds; what they need is put into dir. Ours checks whom it talks to:
// the certificate, the host key (its first call takes it). That of the stock agents
// is left out, which costs them nothing.
func bmcs(dir string) []bmc {
	ca, known := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "known_hosts")
	return []bmc{
		{
			name: "IPMI 2.0", ours: "fence_bmc_ipmi", stock: "fence_ipmilan", times: 8, port: 9623, user: "bench", password: "bench-only",
			oursOptions: "lanplus=1\ncipher=3\n", stockOptions: "lanplus=1\ncipher=3\n",
			floor: &program{name: "go-ipmi alone", args: []string{filepath.Join(floorDir, "ipmi"), "127.0.0.1", "9623", "bench"}, stdin: "bench-only"},
			start: startIPMI,
		},
		{
			name: "Redfish", ours: "fence_bmc_redfish", stock: "fence_redfish", times: 10, port: 9443, user: fakeredfish.Username, password: fakeredfish.Password,
			oursOptions: "ssl_ca_file=" + ca + "\n", stockOptions: "ssl_insecure=1\nredfish_uri=/redfish/v1\n",
			start: func(ctx context.Context, _ string) (func(), error) {
				return startStandIn(ctx, 9443, "fakeredfish", "-listen", "127.0.0.1:9443", "-ca", ca)
			},
		},
		{
			name: "iLO SSH", ours: "fence_bmc_ilo_ssh", stock: "fence_ilo_ssh", times: 10, slow: true, port: 9022, user: fakeilo.Username, password: fakeilo.Password,
			oursOptions: "known_hosts=" + known + "\ntrust_new_host_key=1\n", stockOptions: "ssh=1\n",
			start: func(ctx context.Context, _ string) (func(), error) {
				return startStandIn(ctx, 9022, "fakeilo", "-listen", "127.0.0.1:9022", "-line-pause", "10ms")
			},
		},
	}
}

// startStandIn starts a stand-in's program.
func startStandIn(ctx context.Context, port int, name string, args ...string) (stop func(), err error) {
	return untilListening(exec.CommandContext(ctx, filepath.Join(standInDir, name), args...), "tcp", port)
}

// chassis is what ipmi_sim asks for the power and tells to switch it: get power, set power "0".
const chassis = `#!/bin/sh
cd "$(dirname "$0")" || exit 1
case "$1 $2" in
"get power") read -r power <power && echo "power:$power" ;;
"set power") echo "$3" | tr -d '"' >power ;;
esac
exit 0
`

// startIPMI starts ipmi_sim.
func startIPMI(ctx context.Context, dir string) (stop func(), err error) {
	files := map[string]string{
		"chassis": chassis,
		"power":   "1\n",
		"sim.emu": "mc_setbmc 0x20\nmc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr\nsel_enable 0x20 1000 0x0a\nmc_enable 0x20\n",
		"lan.conf": `name "bench"
set_working_mc 0x20
  startlan 1
    addr 127.0.0.1 ` + "9623" + `
    priv_limit admin
    allowed_auths_callback none md2 md5 straight
    allowed_auths_user none md2 md5 straight
    allowed_auths_operator none md2 md5 straight
    allowed_auths_admin none md2 md5 straight
    guid a123456789abcdefa123456789abcdef
  endlan
  chassis_control "` + filepath.Join(dir, "chassis") + `"
  startnow false
  user 2 true "bench" "bench-only" admin 10 none md2 md5 straight
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
	return untilListening(sim, "udp", 9623)
}

// untilListening starts a program and waits until it has the port on 127.0.0.1.
func untilListening(cmd *exec.Cmd, network string, port int) (stop func(), err error) {
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Args[0], err)
	}
	stop = func() {
		_ = cmd.Process.Signal(syscall.SIGKILL)
		_ = cmd.Wait() // it was killed
	}
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		// Looked up, not tried: a socket of our own on the port could be in the way.
		sockets, err := os.ReadFile("/proc/net/" + network)
		if err != nil {
			stop()
			return nil, err
		}
		if strings.Contains(string(sockets), fmt.Sprintf(" 0100007F:%04X ", port)) {
			return stop, nil
		}
	}
	stop()
	return nil, fmt.Errorf("start %s: it does not listen on port %d", cmd.Args[0], port)
}
