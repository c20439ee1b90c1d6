package scenario

import (
	"context"
	"fmt"
	"strings"

	"github.com/oneha/oneha/test/lab"
)

// IPMIPasswordScript is a password_script on the nodes that prints what is in the
// password_file of the spec's devices.
const IPMIPasswordScript = "/etc/oneha/bmc-script"

// IPMIDevice is a device for a node's ipmi_sim, with the address and the
// credentials that the spec has.
func IPMIDevice(ctx context.Context, c *lab.Cluster, target string, old bool) (FenceDevice, error) {
	given, err := specOptions(c, target)
	if err != nil {
		return FenceDevice{}, err
	}
	d := FenceDevice{ID: "fence-" + target, Agent: "fence_bmc_ipmi", Target: target}
	if !old {
		d.Options = []string{"ip=" + given["ip"], "username=" + given["username"], "password_file=" + given["password_file"]}
		return d, nil
	}
	script := "#!/bin/sh\nexec cat " + given["password_file"] + "\n"
	d.Options = []string{"ipaddr=" + given["ip"], "login=" + given["username"], "passwd_script=" + IPMIPasswordScript}
	return d, WriteFile(ctx, c, IPMIPasswordScript, script, "700")
}

// specOptions are those of the fence device that the spec has for a node.
func specOptions(c *lab.Cluster, target string) (map[string]string, error) {
	for _, f := range c.Spec.Fencing {
		if f.Target != target {
			continue
		}
		given := map[string]string{}
		for _, o := range f.Options {
			given[o.Name] = o.Value
		}
		return given, nil
	}
	return nil, fmt.Errorf("the spec has no fence device for %s", target)
}

// withOption returns the options with one of them set to another value.
func withOption(options []string, name, value string) []string {
	var changed []string
	for _, o := range options {
		if strings.HasPrefix(o, name+"=") {
			o = name + "=" + value
		}
		changed = append(changed, o)
	}
	return changed
}

// value is that of an option.
func value(options []string, name string) string {
	for _, o := range options {
		if v, ok := strings.CutPrefix(o, name+"="); ok {
			return v
		}
	}
	return ""
}
