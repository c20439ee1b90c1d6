package conformance

import (
	"fmt"
	"strings"
	"testing"

	"github.com/oneha/oneha/agents"
)

const resourceDir = "/usr/lib/ocf/resource.d/opennebula/"

// link is a network with an address of each family, so that the agents can infer
// where theirs belong.
const link = `ip link set lo up
ip link add eth0 type veth peer name peer0
ip link set peer0 up; ip link set eth0 up
ip addr add 10.3.4.20/24 dev eth0
ip addr add 2001:db8:4::20/64 dev eth0 nodad
`

func TestOCFTesterVIP(t *testing.T) {
	for name, args := range map[string]string{
		"IPv4":           "-o ip=10.3.4.2",
		"IPv4 all given": "-o ip=10.3.4.2 -o nic=eth0 -o cidr_netmask=24 -o iflabel=vip -o arp_bg=false -o arp_count=1",
		"IPv6":           "-o ip=2001:db8:4::2",
		"IPv6 nodad":     "-o ip=2001:db8:4::2 -o nodad=true -o cidr_netmask=64",
	} {
		t.Run(name, func(t *testing.T) {
			out := run(t, link+"ocf-tester -n vip "+args+" "+resourceDir+"vip 2>&1")
			if !strings.Contains(out, "passed all tests") {
				t.Errorf("ocf-tester:\n%s", out)
			}
		})
	}
}

func TestMetadataSatisfiesEverySchema(t *testing.T) {
	for _, a := range agents.All() {
		t.Run(a.Name, func(t *testing.T) {
			run(t, fmt.Sprintf(`export OCF_ROOT=/usr/lib/ocf
cd /usr/share/resource-agents
%[1]s%[2]s meta-data >/tmp/%[2]s.xml
xmllint --noout --valid - </tmp/%[2]s.xml
xmllint --noout --relaxng metadata.rng /tmp/%[2]s.xml
xmllint --noout --relaxng /usr/share/pcs/data/ocf-1.0.rng /tmp/%[2]s.xml
crm_resource --show-metadata ocf:opennebula:%[2]s >/dev/null
su nobody -s /bin/sh -c '%[1]s%[2]s meta-data' >/dev/null`, resourceDir, a.Name))
		})
	}
	for _, name := range []string{"fence_bmc_ilo", "fence_bmc_ilo_ssh", "fence_bmc_ipmi", "fence_bmc_redfish"} {
		t.Run(name, func(t *testing.T) {
			run(t, fmt.Sprintf(`echo action=metadata | %[1]s >/tmp/f.xml
xmllint --noout --relaxng /usr/share/cluster/relaxng/metadata.rng /tmp/f.xml
xsltproc /usr/share/cluster/relaxng/fence2rng.xsl /tmp/f.xml | xmllint --noout -
echo action=metadata | su nobody -s /bin/sh -c /usr/sbin/%[1]s | cmp - /tmp/f.xml
pcs stonith describe %[1]s --full >/dev/null`, name))
		})
	}
}

// What an administrator types to see what an agent takes must show every
// parameter.
func TestToolsDescribeTheAgents(t *testing.T) {
	var vip, oned []string
	for _, a := range agents.All() {
		for _, p := range a.Params {
			switch a.Name {
			case "vip":
				vip = append(vip, p.Name)
			case "oned":
				oned = append(oned, p.Name)
			}
		}
	}
	fence := []string{"ip", "ipport", "username", "password", "password_file", "password_script", "lanplus", "cipher", "privlvl", "delay", "power_timeout", "power_wait", "login_timeout", "shell_timeout"}
	if len(vip) == 0 || len(oned) == 0 {
		t.Fatal("agents vip and oned declare no parameters")
	}
	for command, want := range map[string][]string{
		"pcs resource describe ocf:opennebula:vip --full": vip,
		"pcs resource describe ocf:opennebula:oned":       oned,
		"crm ra info ocf:opennebula:vip":                  vip,
		"crm ra info ocf:opennebula:oned":                 oned,
		"pcs stonith describe fence_bmc_ipmi --full":      fence,
		"stonith_admin --metadata -a fence_bmc_ipmi":      fence,
	} {
		t.Run(command, func(t *testing.T) {
			out := run(t, command)
			for _, name := range want {
				if !strings.Contains(out, name) {
					t.Errorf("%s is not shown in:\n%s", name, out)
				}
			}
		})
	}
}

func TestOCFTesterServices(t *testing.T) {
	m := bootMachine(t)
	installFakeOpenNebula(t, m)
	for _, a := range agents.All() {
		if a.Name == "vip" {
			continue
		}
		t.Run(a.Name, func(t *testing.T) {
			out := in(t, m, "ocf-tester -n "+a.Name+" "+resourceDir+a.Name+" 2>&1")
			if !strings.Contains(out, "passed all tests") {
				t.Errorf("ocf-tester:\n%s", out)
			}
		})
	}
}
