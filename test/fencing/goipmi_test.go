package fencing

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/bougou/go-ipmi/pkg/types"

	"github.com/oneha/oneha/internal/bmc/bmctest"
)

// What ipmi_sim does not have, go-ipmi's server has: cipher suite 17 and IPv6. That
// it is no BMC of our own making only is what the stock agent shows here: ipmitool
// is a client that nobody of us wrote.

// TestInsideGoIPMI is the part that runs in a disposable machine.
func TestInsideGoIPMI(t *testing.T) {
	file := resultsFile(t)
	if out, err := exec.Command("ip", "addr", "add", bmcIPv6+"/128", "dev", "lo", "nodad").CombinedOutput(); err != nil {
		t.Fatalf("give the machine an IPv6 address: %v\n%s", err, out)
	}
	tryAll(t, file, stockIPMI, ourIPMI, goIPMIRows(), func(*testing.T, int) func(*testing.T, string, goIPMIRow) outcome { return tryOnGoIPMI })
}

// goIPMIRow is a call of both agents, each on a server of its own.
type goIPMIRow struct {
	name  string
	stdin string
	bmc   bmctest.Options
}

func (r goIPMIRow) call() call { return call{name: r.name, stdin: r.stdin} }

// goIPMIDeliberates are the differences that are meant.
var goIPMIDeliberates = []deliberate{
	{"suite 17, IPv6: brackets around the address", "exit stdout stderr login", "the address is an IPv6 literal in the form of URLs and of host:port"},
}

// bmcIPv6 is the address of the servers with IPv6. It is not ::1, because ipmitool
// makes no connection by IPv6 unless an interface has an address beside that one.
const bmcIPv6 = "fd00::1"

// goIPMIRows are the actions, and what people get wrong, with suite 17 over IPv4 and
// IPv6, and with suite 3 over IPv6.
func goIPMIRows() (rows []goIPMIRow) {
	only17 := []types.CipherSuiteID{types.CipherSuiteID17}
	for _, s := range []struct {
		name, cipher string
		bmc          bmctest.Options
	}{
		{"suite 17", "cipher=17", bmctest.Options{Suites: only17}},
		{"suite 17, IPv6", "cipher=17", bmctest.Options{Suites: only17, Address: bmcIPv6}},
		{"suite 3, IPv6", "cipher=3", bmctest.Options{Address: bmcIPv6}},
	} {
		for _, w := range []struct {
			name string
			off  bool
			more []string
		}{
			{"status, is on", false, []string{"action=status"}},
			{"status, is off", true, []string{"action=status"}},
			{"monitor", false, []string{"action=monitor"}},
			{"on", true, []string{"action=on"}},
			{"on, is on", false, []string{"action=on"}},
			{"off", false, []string{"action=off"}},
			{"off, is off", true, []string{"action=off"}},
			{"reboot", false, []string{"action=reboot"}},
			{"reboot, is off", true, []string{"action=reboot"}},
			{"wrong password", false, []string{"action=off", "password=nonsense"}},
			{"unknown user", false, []string{"action=off", "username=nobody"}},
			{"privilege that the user has not", false, []string{"action=status", "username=" + bmctest.ViewerName, "password=" + bmctest.ViewerPassword}},
			{"status as a user who may only look", false, []string{"action=status", "privlvl=user", "username=" + bmctest.ViewerName, "password=" + bmctest.ViewerPassword}},
			{"off by a user who may only look", false, []string{"action=off", "privlvl=user", "power_timeout=2", "username=" + bmctest.ViewerName, "password=" + bmctest.ViewerPassword}},
		} {
			r := goIPMIRow{name: s.name + ": " + w.name, bmc: s.bmc}
			r.bmc.Off = w.off
			given := append([]string{"ip=ADDR", "ipport=PORT", "username=" + bmctest.Username, "password=" + bmctest.Password, "lanplus=1", "power_wait=0", s.cipher}, w.more...)
			r.stdin = strings.Join(given, "\n") + "\n"
			rows = append(rows, r)
		}
	}
	login := fmt.Sprintf("ipport=PORT\nusername=%s\npassword=%s\nlanplus=1\n", bmctest.Username, bmctest.Password)
	return append(rows,
		goIPMIRow{"suite 17: another suite", "ip=ADDR\ncipher=3\naction=off\n" + login, bmctest.Options{Suites: only17}},
		goIPMIRow{"suite 17, IPv6: brackets around the address", "ip=[ADDR]\ncipher=17\naction=status\n" + login, bmctest.Options{Suites: only17, Address: bmcIPv6}},
	)
}

// tryOnGoIPMI runs one agent in the situation of a row and returns what was seen.
func tryOnGoIPMI(t *testing.T, agent string, r goIPMIRow) outcome {
	t.Helper()
	b, err := bmctest.New(r.bmc)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	o := see(t, agent, r.call(), strings.NewReplacer("ADDR", b.Host, "PORT", strconv.Itoa(b.Port)), bmctest.Password)
	o["power"], o["login"] = strings.Join(b.Commands(), ", "), "none"
	if b.Logins() > 0 {
		o["login"] = "tried"
	}
	o["machine"] = map[bool]string{true: "on", false: "off"}[b.On()]
	return o
}
