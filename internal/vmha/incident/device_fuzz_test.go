package incident

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/vmha/settings"
)

// Who may write a host's template must not be able to have a file read, or a program run,
// or an option set that the settings keep for themselves.
func FuzzDevice(f *testing.F) {
	f.Add("kvm1", "fence_ipmilan", "10.0.0.7", "admin", settings.Dir+"/kvm1", "", "lanplus=1 cipher=17")
	f.Add("kvm1", "fence_bmc_redfish", "bmc.example", "", "../../etc/shadow", "1", "systems_uri=/redfish/v1/Systems/1 ssl_insecure=1")
	f.Add("a\nb", "", " ", "x\ny", settings.Dir+"/../oneha/x", "\x00", "password_script=reboot")
	f.Add("kvm1", "fence_ilo_ssh", "10.0.0.7\naction=on", "a", settings.Dir, "", "ip=x =y z")
	f.Fuzz(func(t *testing.T, name, agent, address, user, password, plug, options string) {
		h := one.HostDetail{Host: one.Host{ID: 1, Name: name}, Template: map[string]string{
			attributeAgent: agent, attributeAddress: address, attributeUser: user, attributePassword: password, attributePlug: plug, attributeOptions: options,
		}}
		d, err := Agents{}.device(h)
		if err != nil {
			if err.Error() == "" {
				t.Error("an error without a word")
			}
			return
		}
		for _, o := range d.Options {
			switch {
			case o.Name == "ip" || o.Name == "username":
			case o.Name == optionPassword:
				if filepath.Dir(filepath.Clean(o.Value)) != settings.Dir {
					t.Errorf("the template has %s read", o.Value)
				}
			case !slices.Contains(templateOptions, o.Name):
				t.Errorf("the template sets %s", o.Name)
			}
		}
		// The agent is told one action, of one node, whatever a value has in it.
		told := map[string]int{}
		for line := range strings.Lines(d.Input("off")) {
			option, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
			told[option]++
			if strings.ContainsFunc(value, unicode.IsControl) {
				t.Errorf("the agent is told %q", line)
			}
		}
		if told["action"] != 1 || told["nodename"] != 1 || told["plug"] != 1 || len(told) != len(d.Options)+3 {
			t.Errorf("the agent is told %v of %+v", told, d.Options)
		}
	})
}
