package incident

import (
	"fmt"
	"strings"
	"testing"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/vmha/settings"
)

func TestDevice(t *testing.T) {
	common := settings.Way{Agent: "fence_bmc_ipmi", Username: "admin", PasswordFile: "/etc/one/oneha/common", Options: []settings.Option{{Name: "lanplus", Value: "1"}, {Name: "cipher", Value: "3"}}}
	for _, test := range []struct {
		name     string
		settings settings.Fencing
		template map[string]string
		want     string // agent, then its options, or an error
	}{
		{"nothing", settings.Fencing{}, nil, "Fence ip not found; host kvm1 has no FENCE_IP in its template, and no ip in /etc/one/oneha/host-error.yaml"},
		{"no agent", settings.Fencing{}, map[string]string{"FENCE_IP": "10.0.0.1"}, `host kvm1 has no fence agent of oneha (FENCE_AGENT = ""): use one of fence_bmc_ilo, fence_bmc_ilo_ssh, fence_bmc_ipmi, fence_bmc_redfish`},
		{"template", settings.Fencing{}, map[string]string{"FENCE_IP": "10.0.0.1", "FENCE_AGENT": "fence_ipmilan", "FENCE_USERNAME": "u", "FENCE_PASSWORD_FILE": "/etc/one/oneha/kvm1", "FENCE_OPTIONS": "lanplus=1 ipport=6230"},
			"fence_bmc_ipmi lanplus=1 ipport=6230 ip=10.0.0.1 username=u password_file=/etc/one/oneha/kvm1 action=off nodename=kvm1 plug=kvm1"},
		{"all three", settings.Fencing{Common: common, Hosts: map[string]settings.Way{"kvm1": {Username: "own", Options: []settings.Option{{Name: "cipher", Value: "17"}}}}}, map[string]string{"FENCE_IP": "10.0.0.1", "FENCE_USERNAME": "template"},
			"fence_bmc_ipmi lanplus=1 cipher=17 ip=10.0.0.1 username=own password_file=/etc/one/oneha/common action=off nodename=kvm1 plug=kvm1"},
		{"a file of others", settings.Fencing{Common: common}, map[string]string{"FENCE_IP": "10.0.0.1", "FENCE_PASSWORD_FILE": "/etc/one/oneha/../../../var/lib/one/.one/one_auth"},
			"FENCE_PASSWORD_FILE of host kvm1 is not in /etc/one/oneha: what a host's template names is read from there only"},
		{"a program", settings.Fencing{Common: common}, map[string]string{"FENCE_IP": "10.0.0.1", "FENCE_OPTIONS": "ipmitool_path=/tmp/x"},
			`host kvm1: FENCE_OPTIONS cannot set "ipmitool_path": write it into /etc/one/oneha/host-error.yaml`},
		{"a second option in a value", settings.Fencing{Common: common}, map[string]string{"FENCE_IP": "10.0.0.1", "FENCE_USERNAME": "u\npassword_script=id"},
			"host kvm1: username has a line break or a control character"},
		{"a weaker way for the password", settings.Fencing{Common: common}, map[string]string{"FENCE_IP": "10.0.0.1", "FENCE_OPTIONS": "ssl_insecure=1"},
			`host kvm1: FENCE_OPTIONS cannot set "ssl_insecure": write it into /etc/one/oneha/host-error.yaml`},
	} {
		h := one.HostDetail{Host: one.Host{ID: 1, Name: "kvm1"}, Template: test.template}
		d, err := Agents{Fencing: test.settings}.device(h)
		got := d.Agent.Name + " " + strings.Join(strings.Fields(d.Input("off")), " ")
		if err != nil {
			got = strings.ReplaceAll(fmt.Sprint(err), "\n", "; ")
		}
		if got != test.want {
			t.Errorf("%s:\n got %s\nwant %s", test.name, got, test.want)
		}
	}
}

// A host's name is a line of what the agent reads.
func TestDeviceOfAHostileName(t *testing.T) {
	h := one.HostDetail{Host: one.Host{ID: 1, Name: "kvm1\npassword_script=id"}}
	d, err := Agents{Fencing: settings.Fencing{Common: settings.Way{Agent: "fence_bmc_ipmi", Address: "10.0.0.1"}}}.device(h)
	if err == nil || err.Error() != "host kvm1 password_script=id: its name has a line break or a control character" {
		t.Errorf("%v\n%s", err, d.Input("off"))
	}
}
