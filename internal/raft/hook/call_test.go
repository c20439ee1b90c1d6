package hook

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/oneha/oneha/internal/raft/floating"
)

func TestParse(t *testing.T) {
	at := func(cidr, nic string) floating.Address {
		return floating.Address{Prefix: netip.MustParsePrefix(cidr), NIC: nic}
	}
	for words, want := range map[string]Call{
		"leader eth0 10.0.0.9/24":                      {Leader, []floating.Address{at("10.0.0.9/24", "eth0")}},
		"follower eth0 10.0.0.9/24 bond0.7 fd00::9/64": {Follower, []floating.Address{at("10.0.0.9/24", "eth0"), at("fd00::9/64", "bond0.7")}},
		"leader":                                        {Role: Leader},
		"leader lo 127.0.0.100/32":                      {Leader, []floating.Address{at("127.0.0.100/32", "lo")}},
		"leader ib0 10.0.0.0/31":                        {Leader, []floating.Address{at("10.0.0.0/31", "ib0")}},
		"leader eth0 fd00::/127":                        {Leader, []floating.Address{at("fd00::/127", "eth0")}},
		"leader eth0 fd00::ff/120":                      {Leader, []floating.Address{at("fd00::ff/120", "eth0")}},
		"follower an-alternative-name-of-17 10.0.0.9/8": {Follower, []floating.Address{at("10.0.0.9/8", "an-alternative-name-of-17")}},
	} {
		got, err := Parse(strings.Fields(words))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v; want %+v", words, got, err, want)
		}
	}
}

func TestParseSaysWhichWordIsWrong(t *testing.T) {
	for words, want := range map[string]string{
		"":                                  "no role",
		"Leader eth0 10.0.0.9/24":           `argument 1: unknown role "Leader"`,
		"help":                              `argument 1: unknown role "help"`,
		"candidate eth0 10.0.0.9/24":        `argument 1: unknown role "candidate"`,
		"leader eth0":                       `argument 2, "eth0", is alone`,
		"leader eth0 10.0.0.9/24 surplus":   `argument 4, "surplus", is alone`,
		"leader eth0 10.0.0.9/24 --dir /":   `argument 4: "--dir" is no interface; options stand before the role`,
		"follower -x 10.0.0.9/24":           `argument 2: "-x" is no interface`,
		"leader eth/0 10.0.0.9/24":          `argument 2: "eth/0" is no name`,
		"leader .. 10.0.0.9/24":             `argument 2: ".." is no name`,
		"leader eth0:1 10.0.0.9/24":         `argument 2: "eth0:1" is no name`,
		"leader 10.0.0.9/24 eth0":           `argument 2: "10.0.0.9/24" is no name`,
		"leader eth0 10.0.0.9":              `argument 3: "10.0.0.9" has no prefix length`,
		"leader eth0 10.0.0.9/33":           `argument 3: "10.0.0.9/33" is no address`,
		"leader eth0 fe80::1%eth0/64":       `argument 3: "fe80::1%eth0/64" is no address`,
		"leader eth0 10.0.0.0/24":           `argument 3: "10.0.0.0/24" is the address of a network`,
		"leader eth0 10.0.0.255/24":         `argument 3: "10.0.0.255/24" is the broadcast`,
		"leader eth0 fd00::/64":             `argument 3: "fd00::/64" is the address of a network`,
		"leader eth0 ::ffff:10.0.0.9/120":   `argument 3: "::ffff:10.0.0.9/120" is an IPv4 address in the notation of IPv6: write 10.0.0.9`,
		"leader eth0 224.0.0.1/24":          `argument 3: "224.0.0.1/24" is no address that one`,
		"follower lo 127.0.0.1/8":           `argument 3: "127.0.0.1/8" is every server's own`,
		"follower lo ::1/128":               `argument 3: "::1/128" is every server's own`,
		"leader eth0 10.0.0.9/0":            `argument 3: "10.0.0.9/0" is no address that one`,
		"leader eth0 0.0.0.0/8":             `argument 3: "0.0.0.0/8" is no address that one`,
		"leader a 10.0.0.9/24 b 10.0.0.9/8": `argument 5: 10.0.0.9 is given twice, first in argument 3`,
	} {
		got, err := Parse(strings.Fields(words))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %+v, %v; want %q", words, got, err, want)
		}
	}
	if _, err := Parse([]string{"leader", "eth 0", "10.0.0.9/24"}); err == nil {
		t.Error("an interface with a blank is taken")
	}
}

func FuzzParse(f *testing.F) {
	f.Add("leader eth0 10.0.0.9/24")
	f.Add("follower a fd00::1/64 b ::ffff:1.2.3.4/120")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Parse(strings.Split(text, " "))
		if err != nil {
			return
		}
		for _, a := range c.Addresses {
			if !a.Prefix.IsValid() || a.Prefix.Addr().IsUnspecified() || strings.HasPrefix(a.NIC, "-") || strings.Contains(a.NIC, "/") {
				t.Errorf("%q became %+v", text, c)
			}
		}
	})
}
