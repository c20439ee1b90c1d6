package fence

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// pieces are what a random input is made of: options, actions right and wrong,
// and the ways in which lines get broken.
var pieces = []string{
	"action=off", "action=on", "action=reboot", "action=status", "action=monitor", "action=list", "action=list-status", "action=diag",
	"action=metadata", "action=meta-data", "action=manpage", "action=validate-all", "action=OFF", `action="off"`, "action=Reboot",
	"action=", "action", "action=o", "action=resett", "action= off", "action = off", "action:off", "Action=off", "option=off", "aktion=off",
	"-o=off", "--action=off", "action=off\x00", "action=on off", "action=of", "action=enable", "action=disable", "xaction=off", "action=off=",
	"ip=192.0.2.1", "ipaddr=192.0.2.1", "ip=", "username=u", "login=u", "password=p", "passwd=action=off", "port=n1", "plug=off", "nodename=n1",
	"delay=3", "delay=x", "delay=-1", "power_timeout=1", "retry_on=0", "lanplus=0", "lanplus=maybe", "level=user", "level=root", "key=c0ffee",
	"quiet=1", "verbose=1", "verbose_level=2", "port_as_ip=1", "disable_timeout=1", "version=1", "help=1", "separator=,", "bogus=1", "bogus",
	"#action=off", "", "  ", "\t", "=off", "\xff\xfe", "\u00e9=1", "\r",
}

// mangle breaks a text in one place.
func mangle(r *rand.Rand, text string) string {
	if text == "" {
		return text
	}
	i := r.IntN(len(text))
	switch r.IntN(5) {
	case 0:
		return text[:i] // cut off
	case 1:
		return text[:i] + text[i+1:]
	case 2:
		return text[:i] + string(rune(r.IntN(256))) + text[i:]
	case 3:
		return text[:i] + "\n" + text[i:]
	}
	return text[:i] + strings.ToUpper(text[i:i+1]) + text[i+1:]
}

// No input, however broken, makes the agent send a power command unless it names
// a valid action, or is whole and leaves the API's default; and under
// pacemaker-fenced the default does not count either.
func TestTenThousandInputs(t *testing.T) {
	const inputs = 10_000
	r := rand.New(rand.NewPCG(4, 12))
	var sent, refused int
	for range inputs {
		var lines []string
		for range 1 + r.IntN(6) {
			lines = append(lines, pieces[r.IntN(len(pieces))])
		}
		text := device + strings.Join(lines, "\n")
		for range r.IntN(3) {
			text = mangle(r, text)
		}
		for _, env := range []map[string]string{nil, fenced} {
			dev := &fakeDevice{state: []State{On, Off}[r.IntN(2)]}
			got := invoke(dev, call{stdin: text, env: env})
			action, given := asks(text)
			switch power := dev.switched(); {
			case got.code < 0 || got.code > 2 || strings.Contains(got.stderr, "internal error"):
				t.Fatalf("%q: %+v", text, got)
			case len(power) == 0:
				refused++
			case !action, env != nil && !given:
				t.Fatalf("%q under %v made the agent send %v", text, env, power)
			default:
				sent++
			}
			if got.code == 2 && !strings.HasPrefix(got.stdout, "Status: OFF") {
				t.Fatalf("%q: exit code 2 and %+v", text, got)
			}
		}
	}
	if sent < inputs/20 || refused < inputs/20 {
		t.Errorf("%d inputs switched and %d did not: the pieces try one thing only", sent, refused)
	}
}
