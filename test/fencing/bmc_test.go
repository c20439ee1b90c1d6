package fencing

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The administrator that the simulated BMC knows.
const (
	username = "admin"
	password = "secret"
)

// bmc is an ipmi_sim behind a relay that writes down what it is asked.
type bmc struct {
	dir    string
	addr   string // of the relay, port 623
	relay  *relay
	second *relay // the same BMC at another port
}

// otherPort is where the second relay listens.
const otherPort = "624"

const lanConf = `name "bmc"
set_working_mc 0x20
  startlan 1
    addr %[1]s 623
    priv_limit admin
    allowed_auths_callback none md2 md5 straight
    allowed_auths_user none md2 md5 straight
    allowed_auths_operator none md2 md5 straight
    allowed_auths_admin none md2 md5 straight
    guid a123456789abcdefa123456789abcdef
  endlan
  chassis_control "%[2]s/chassis"
  user 2 true "%[3]s" "%[4]s" admin 10 none md2 md5 straight
`

const simEmu = `mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
sel_enable 0x20 1000 0x0a
mc_enable 0x20
`

// chassis is the machine. Its mode says how it takes a change of power: at once,
// never (stuck), or after a while (late).
const chassis = `#!/bin/sh
cd "$(dirname "$0")"
case "$1 $2" in
"get power")
	if read -r at value <next && [ "$(date +%s)" -ge "$at" ]; then echo "$value" >power; : >next; fi
	echo "power:$(cat power)" ;;
set*)
	shift; echo "$*" >>log
	case "$1 $(cat mode)" in
	"power ") echo "$2" >power ;;
	"power late") echo "$(($(date +%s) + 3)) $2" >next ;;
	esac ;;
esac
`

// startBMC starts the BMC of a worker, until the test ends.
func startBMC(t *testing.T, worker int) *bmc {
	t.Helper()
	b := &bmc{dir: t.TempDir(), addr: fmt.Sprintf("127.0.%d.2", worker+1)}
	simulator := fmt.Sprintf("127.0.%d.1", worker+1)
	err := errors.Join(
		os.Mkdir(filepath.Join(b.dir, "state"), 0o755),
		b.write("lan.conf", fmt.Sprintf(lanConf, simulator, b.dir, username, password), 0o644),
		b.write("sim.emu", simEmu, 0o644),
		b.write("chassis", chassis, 0o755),
		b.reset("1", ""),
	)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("ipmi_sim", "-n", "-c", "lan.conf", "-f", "sim.emu", "-s", "state")
	cmd.Dir = b.dir
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
	})
	b.relay = startRelay(t, b.addr+":623", simulator+":623")
	b.second = startRelay(t, b.addr+":"+otherPort, simulator+":623")
	for begin := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		ask := exec.Command("fence_bmc_ipmi")
		ask.Stdin = strings.NewReader(fmt.Sprintf("ip=%s\nusername=%s\npassword=%s\ncipher=3\naction=monitor\n", b.addr, username, password))
		if out, err := ask.CombinedOutput(); err == nil {
			return b
		} else if time.Since(begin) > 20*time.Second {
			t.Fatalf("ipmi_sim does not come up: %s", out)
		}
	}
}

func (b *bmc) write(name, text string, mode os.FileMode) error {
	return os.WriteFile(filepath.Join(b.dir, name), []byte(text), mode)
}

// reset makes the machine as it is before a row.
func (b *bmc) reset(power, mode string) error {
	return errors.Join(b.write("power", power, 0o644), b.write("mode", mode, 0o644), b.write("next", "", 0o644), b.write("log", "", 0o644))
}

// switched returns what was asked of the machine, such as "power 0, power 1".
func (b *bmc) switched(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(b.dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.FieldsFunc(string(text), func(r rune) bool { return r == '\n' }), ", ")
}

// run runs an agent against the BMC.
func (b *bmc) run(t *testing.T, agent string, args []string, stdin string, env []string) (code int, stdout, stderr string, took time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, agent, args...)
	cmd.Env = append([]string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"}, env...)
	cmd.Stdin = strings.NewReader(stdin)
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	begin := time.Now()
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
		t.Fatalf("%s: %v, %v", agent, err, ctx.Err())
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String(), time.Since(begin)
}
