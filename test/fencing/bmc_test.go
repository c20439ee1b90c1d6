package fencing

import (
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

// The BMC key (K_g) that the simulated BMC asks for at keyedPort.
const (
	bmcKey    = "6b33792d6f662d7468652d424d43"
	bmcKeyRaw = "k3y-of-the-BMC"
)

// bmc is an ipmi_sim behind relays that write down what it is asked.
type bmc struct {
	dir    string
	addr   string            // of the relays
	relays map[string]*relay // by port
}

// The ports of the relays: of the BMC, of the same one again, and of its second
// channel, which has a key.
const (
	usualPort = "623"
	otherPort = "624"
	keyedPort = "625"
)

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
  startlan 2
    addr %[5]s 623
    priv_limit admin
    allowed_auths_admin none md2 md5 straight
    guid a123456789abcdefa123456789abcdef
    bmc_key "%[6]s"
  endlan
  chassis_control "%[2]s/chassis"
  user 2 true "%[3]s" "%[4]s" admin 10 none md2 md5 straight
set_working_mc 0x24
  chassis_control "%[2]s/chassis behind"
`

const simEmu = `mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
sel_enable 0x20 1000 0x0a
mc_enable 0x20
mc_add 0x24 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
mc_enable 0x24
`

// chassis is the machine, which the controller behind the BMC (0x24) switches too;
// the log says when it was that one. Its mode says how it takes a change of power: at once,
// never (stuck), off but not on (offonly), or after a while (late); or that its
// state cannot be read (broken).
const chassis = `#!/bin/sh
cd "$(dirname "$0")"
who=
if [ "$1" = behind ]; then who="behind "; shift; fi
case "$1 $2" in
"get power")
	[ "$(cat mode)" != broken ] || exit 1
	if read -r at value <next && [ "$(date +%s)" -ge "$at" ]; then echo "$value" >power; : >next; fi
	echo "power:$(cat power)" ;;
set*)
	shift; echo "$who$*" >>log
	case "$1 $(cat mode)" in
	"power ") echo "$2" >power ;;
	"power offonly") [ "$2" = 1 ] || echo "$2" >power ;;
	"power late") echo "$(($(date +%s) + 3)) $2" >next ;;
	esac ;;
esac
`

// startBMC starts the BMC of a worker, until the test ends.
func startBMC(t *testing.T, worker int) *bmc {
	t.Helper()
	b := &bmc{dir: t.TempDir(), addr: fmt.Sprintf("127.0.%d.2", worker+1)}
	simulator, keyed := fmt.Sprintf("127.0.%d.1", worker+1), fmt.Sprintf("127.0.%d.3", worker+1)
	err := errors.Join(
		os.Mkdir(filepath.Join(b.dir, "state"), 0o755),
		b.write("lan.conf", fmt.Sprintf(lanConf, simulator, b.dir, username, password, keyed, bmcKeyRaw), 0o644),
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
	b.relays = map[string]*relay{
		usualPort: startRelay(t, b.addr+":"+usualPort, simulator+":623"),
		otherPort: startRelay(t, b.addr+":"+otherPort, simulator+":623"),
		keyedPort: startRelay(t, b.addr+":"+keyedPort, keyed+":623"),
	}
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

// logins returns the logins since the last call.
func (b *bmc) logins() string {
	text := b.relays[usualPort].seen()
	for _, port := range []string{otherPort, keyedPort} {
		if seen := b.relays[port].seen(); seen != "" {
			text += "at port " + port + ": " + seen
		}
	}
	return text
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
