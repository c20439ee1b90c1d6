package bmc

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The secrets of these tests.
const (
	toolPassword = "pass word=\"1'"
	toolKey      = "k3y\xff=of the BMC"
)

// fakeIpmitool writes a shell script in the place of ipmitool, which notes its
// arguments and its environment before it does what it is told. In the script, $1
// is the power command.
func fakeIpmitool(t *testing.T, script string) IPMI {
	t.Helper()
	dir := t.TempDir()
	name := filepath.Join(dir, "ipmitool")
	script = `#!/bin/sh
cd ` + dir + `
cat /proc/$$/cmdline >argv
cat /proc/$$/environ >environ
for last; do :; done
set -- "$last"
echo "$1" >>commands
echo $$ >>pids
` + script + "\n"
	if err := os.WriteFile(name, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	return IPMI{Host: "192.0.2.1", Port: 6230, Username: "admin", Password: toolPassword, Key: toolKey, Privilege: "operator", Ipmitool: name}
}

// noted returns what the fake wrote into one of its files, without the last
// separator.
func noted(t *testing.T, c IPMI, name, separator string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(filepath.Dir(c.Ipmitool), name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(text), separator), separator)
}

// on is a fake that carries out what it is asked.
const on = `case $1 in
status) echo "Chassis Power is $(cat power 2>/dev/null || echo on)" ;;
off) echo off >power; echo "Chassis Power Control: Down/Off" ;;
on) echo on >power; echo "Chassis Power Control: Up/On" ;;
diag) echo "Chassis Power Control: Diag" ;;
esac`

func TestIpmitoolSwitches(t *testing.T) {
	c := fakeIpmitool(t, on)
	ctx := limited(t, 20*time.Second)
	client, err := OpenIPMI(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []bool{false, true} {
		if err := client.SetOn(ctx, want); err != nil {
			t.Fatal(err)
		}
		if got, err := client.On(ctx); err != nil || got != want {
			t.Fatalf("On = %v, %v; want %v", got, err, want)
		}
	}
	if err := client.Interrupt(ctx); err != nil {
		t.Error(err)
	}
	if err := client.Close(ctx); err != nil {
		t.Error(err)
	}
	if argv := strings.Join(noted(t, c, "argv", "\x00"), " "); !strings.Contains(argv, " -R 1 ") {
		t.Errorf("a diagnostic interrupt may be sent again: %s", argv)
	}
	want := []string{"status", "off", "status", "on", "status", "diag"}
	if diff := cmp.Diff(want, noted(t, c, "commands", "\n")); diff != "" {
		t.Errorf("commands (-want +got):\n%s", diff)
	}
}

func TestIpmitoolIsTold(t *testing.T) {
	t.Setenv("IPMI_PASSWORD", "of somebody else")
	t.Setenv("IPMITOOL_KGKEY", "of somebody else")
	t.Setenv("LD_PRELOAD", "")
	const path = "PATH=/usr/sbin:/usr/bin:/sbin:/bin"
	tests := []struct {
		name   string
		change func(*IPMI)
		argv   string // between the program and "chassis power status"
		env    []string
	}{
		{"key", func(*IPMI) {}, "-v -I lanplus -C 17 -H 192.0.2.1 -p 6230 -L operator -N 1 -R 2 -E -U admin -K",
			[]string{"IPMITOOL_PASSWORD=" + toolPassword, "IPMI_KGKEY=" + toolKey, "LC_ALL=C", path}},
		{"target", func(c *IPMI) { c.Key, c.Target = "", 0x2 }, "-v -I lanplus -C 17 -H 192.0.2.1 -p 6230 -L operator -N 1 -R 2 -E -U admin -t 0x02",
			[]string{"IPMITOOL_PASSWORD=" + toolPassword, "LC_ALL=C", path}},
		{"both, IPv6, suite, time, no credentials", func(c *IPMI) {
			c.Host, c.Target, c.CipherSuites, c.Resend, c.Username, c.Password = "[2001:db8::1]", 0xa4, []int{3}, 1500*time.Millisecond, "", ""
		}, "-v -I lanplus -C 3 -H 2001:db8::1 -p 6230 -L operator -N 2 -R 7 -E -K -t 0xa4",
			[]string{"IPMITOOL_PASSWORD=", "IPMI_KGKEY=" + toolKey, "LC_ALL=C", path}},
		{"IPMI 1.5", func(c *IPMI) { c.Key, c.Target, c.V15 = "", 0x24, true }, "-v -I lan -A MD5 -H 192.0.2.1 -p 6230 -L operator -N 1 -R 17 -E -U admin -t 0x24",
			[]string{"IPMITOOL_PASSWORD=" + toolPassword, "LC_ALL=C", path}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := fakeIpmitool(t, on)
			tt.change(&c)
			limit := 19900 * time.Millisecond
			if len(c.CipherSuites) == 0 && !c.V15 {
				limit = 3 * time.Second // half of it for the first suite
			}
			if _, err := OpenIPMI(limited(t, limit), c); err != nil {
				t.Fatal(err)
			}
			argv := noted(t, c, "argv", "\x00")[1:] // of the script, after its shell
			want := append(append([]string{c.Ipmitool}, strings.Fields(tt.argv)...), "chassis", "power", "status")
			if diff := cmp.Diff(want, argv); diff != "" {
				t.Errorf("arguments (-want +got):\n%s", diff)
			}
			env := noted(t, c, "environ", "\x00")
			slices.Sort(env)
			if diff := cmp.Diff(tt.env, env); diff != "" {
				t.Errorf("environment (-want +got):\n%s", diff)
			}
		})
	}
}

// Whatever ipmitool says, no error shows it unless it is known to be harmless.
func TestIpmitoolFails(t *testing.T) {
	tests := []struct {
		name, script string
		kind         error
		text         string
		commands     []string
	}{
		{"second suite", `case $(tr '\0' ' ' <argv) in
*"-C 17"*) echo "Error in open session response message : no matching cipher suite" >&2; exit 1 ;;
esac
` + on, nil, "", []string{"status", "status"}},
		{"neither suite", `echo "Error in open session response message : no matching cipher suite" >&2; exit 1`, nil, "set cipher", []string{"status", "status"}},
		{"wrong password", `echo "> RAKP 2 HMAC is invalid" >&2; exit 1`, ErrLogin, "refused the user name or the password", []string{"status"}},
		{"wrong key", `echo "> RAKP 4 message has invalid integrity check value" >&2; exit 1`, ErrLogin, "check hexadecimal_kg", []string{"status"}},
		{"nothing said", `exit 0`, nil, "does not say whether the power is on", []string{"status"}},
		{"nothing said, failed", `exit 3`, nil, "exit status 3", []string{"status"}},
		{"on, but failed", on + "\nexit 1", nil, "exit status 1", []string{"status"}},
		{"on and off", "echo Chassis Power is on; echo Chassis Power is off", nil, "does not say whether", []string{"status"}},
		{"unknown words with secrets", `tr '\0' '\n' <environ >&2; exit 1`, nil, "run it by hand", []string{"status"}},
		{"unknown state with secrets", `echo "Chassis Power is $IPMITOOL_PASSWORD $IPMI_KGKEY"`, nil, "run it by hand", []string{"status"}},
		{"killed", `kill -SEGV $$`, nil, "signal", []string{"status"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := fakeIpmitool(t, tt.script)
			_, err := OpenIPMI(limited(t, 20*time.Second), c)
			if tt.text == "" {
				if err != nil {
					t.Error(err)
				}
			} else if err == nil || !strings.Contains(err.Error(), tt.text) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v, want %q", err, tt.text)
			} else if errors.Is(err, ErrLogin) != (tt.kind == ErrLogin) || errors.Is(err, ErrSilent) {
				t.Errorf("%v is of another kind than %v", err, tt.kind)
			} else if strings.Contains(err.Error(), toolPassword) || strings.Contains(err.Error(), toolKey) {
				t.Errorf("the error has a secret: %v", err)
			}
			if diff := cmp.Diff(tt.commands, noted(t, c, "commands", "\n")); diff != "" {
				t.Errorf("commands (-want +got):\n%s", diff)
			}
		})
	}
}

// A command is done only when ipmitool says which one was.
func TestIpmitoolCommandRefused(t *testing.T) {
	for script, want := range map[string]string{
		"[ $1 = status ] || exit 0":                              "does not say that the BMC took chassis power off",
		"[ $1 = status ] || echo 'Chassis Power Control: Up/On'": "does not say that the BMC took chassis power off",
		"[ $1 = status ] || { echo 'Set Chassis Power Control to Down/Off failed: Insufficient privilege level' >&2; exit 1; }": "power control needs operator",
		"[ $1 = status ] || { echo 'Set Chassis Power Control to Down/Off failed: Unknown (0x83)' >&2; exit 1; }":               `"Unknown (0x83)"`,
	} {
		c := fakeIpmitool(t, script+"\n[ $1 != status ] || echo Chassis Power is on")
		ctx := limited(t, 20*time.Second)
		client, err := OpenIPMI(ctx, c)
		if err != nil {
			t.Fatal(err)
		}
		if err := client.SetOn(ctx, false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", script, err, want)
		}
	}
}

func TestIpmitoolEndsWithItsContext(t *testing.T) {
	for name, script := range map[string]string{
		"waits":                              "sleep 60",
		"does not care for signals":          "trap '' INT TERM; sleep 60 & sleep 60",
		"leaves a child behind":              "sleep 60 &",
		"writes without end":                 "exec yes",
		"writes errors without end":          "exec yes >&2",
		"leaves a child with its own output": "sleep 60 >/dev/null 2>&1 & sleep 60",
	} {
		t.Run(name, func(t *testing.T) {
			c := fakeIpmitool(t, script)
			c.CipherSuites = []int{3}
			begin := time.Now()
			_, err := OpenIPMI(limited(t, 300*time.Millisecond), c)
			if took := time.Since(begin); err == nil || took > 10*time.Second {
				t.Errorf("%v after %s", err, took)
			}
			if name != "leaves a child behind" && !errors.Is(err, ErrSilent) {
				t.Errorf("%v is not %v", err, ErrSilent)
			}
			group, err := strconv.Atoi(noted(t, c, "pids", "\n")[0])
			if err != nil {
				t.Fatal(err)
			}
			gone := func() bool { return errors.Is(syscall.Kill(-group, 0), syscall.ESRCH) }
			for begin := time.Now(); !gone(); time.Sleep(5 * time.Millisecond) {
				if time.Since(begin) > 20*time.Second {
					t.Fatal("processes are left")
				}
			}
		})
	}
}

// A cancelled call gives ipmitool the time to close its session.
func TestIpmitoolClosesItsSession(t *testing.T) {
	c := fakeIpmitool(t, "trap 'echo closed >>commands; exit 1' INT; sleep 60 & wait")
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(200*time.Millisecond, cancel)
	begin := time.Now()
	if _, err := OpenIPMI(ctx, c); err == nil || time.Since(begin) > 10*time.Second {
		t.Errorf("%v after %s", err, time.Since(begin))
	}
	if diff := cmp.Diff([]string{"status", "closed"}, noted(t, c, "commands", "\n")); diff != "" {
		t.Errorf("commands (-want +got):\n%s", diff)
	}
}

func TestOutputIsBounded(t *testing.T) {
	var b beginning
	for range 100 {
		if n, err := b.Write(make([]byte, 1000)); n != 1000 || err != nil {
			t.Fatal(n, err)
		}
	}
	if len(b.String()) != maxOutput {
		t.Errorf("%d bytes are kept", len(b.String()))
	}
}

func FuzzIpmitoolPowerState(f *testing.F) {
	for _, seed := range []string{"Chassis Power is on\n", "Chassis Power is off\n", "Chassis Power is offline\n", "Warning\nChassis Power is on\nChassis Power is off\n", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, answer string) {
		state, err := powerState(answer)
		if err == nil && (state != "on" && state != "off" || !strings.Contains(answer, "Chassis Power is "+state)) {
			t.Errorf("%q reads as %q", answer, state)
		}
	})
}
