package spec

import (
	"fmt"
	"slices"
	"strings"
)

// refusals are options of a fence agent that do harm or that are generated.
var refusals = map[string]struct{ why, fix string }{
	"action":          {"every fencing would do that and nothing else", "remove it; properties: {stonith-action: off} is for clusters whose nodes shall stay off"},
	"option":          {"every fencing would do that and nothing else", "remove it"},
	"delay":           {"it delays every fencing and counts against its timeout", "remove it, and write fence_delay at the top level"},
	"plug":            {"it would be the same for every node", "write plugs: {NODE: PLUG} beside options"},
	"port":            {"it would be the same for every node", "write plugs: {NODE: PLUG} beside options"},
	"nodename":        {"Pacemaker gives it", "remove it"},
	"pcmk_host_list":  {"it is what targets say", "remove it"},
	"pcmk_host_map":   {"it is what plugs say", "remove it"},
	"pcmk_delay_base": {"it is generated", "remove it, and write fence_delay at the top level"},
	"pcmk_delay_max":  {"a random delay decides a race by luck", "remove it, and write fence_delay at the top level"},
}

// agentOptions reads the options of an agent that is not ours, sorted by name.
func (r *reader) agentOptions(v value, label string) (options []Option) {
	what := "options of " + label
	if !r.isMap(v, what, "NAME: VALUE for each option") {
		return nil
	}
	for _, f := range v.fields {
		if f.unnamed() {
			continue
		}
		name := "option " + clip(f.key) + " of " + label
		if IsSecretOption(f.key) && f.value.text != StoredSecret {
			r.secret = true
			r.error(f.at, name+" would show a secret to everybody who may read the configuration",
				"write it to a file of mode 0600 on each node and give "+f.key+"_script: cat FILE; or write "+StoredSecret+" and store it with cibsecret")
			continue
		}
		text, ok := r.text(f.value, name)
		if !ok {
			continue
		}
		if !property.MatchString(f.key) {
			r.error(f.at, fmt.Sprintf("%q is no name of an option", clip(f.key)), "use letters, digits, -, . and _")
			continue
		}
		if no, refused := refusals[f.key]; refused {
			r.error(f.at, name+" is refused: "+no.why, no.fix)
			continue
		}
		if f.key == "community" && f.value.text != StoredSecret {
			r.warn(f.at, name+" lets everybody who may read the configuration switch the power", "use snmp_version: 3 with password_script, or write "+StoredSecret+" and store it with cibsecret")
		}
		options = append(options, Option{f.key, text})
	}
	sortOptions(options)
	return options
}

// StoredSecret is what stands in a configuration for a value that cibsecret keeps
// outside it.
const StoredSecret = "lrm://"

// IsSecretOption reports whether an option of a fence agent holds a secret itself,
// by its name: fence-agents has no other mark of it. An option that names a script
// or a file does not.
func IsSecretOption(name string) bool {
	name = strings.ToLower(name)
	for _, end := range []string{"_script", "_file", "_path", "_prot"} {
		if strings.HasSuffix(name, end) {
			return false
		}
	}
	return isSecret(name) || slices.ContainsFunc([]string{"passw", "passphrase", "secret", "token", "apikey", "api_key", "private_key", "hexadecimal_kg"},
		func(part string) bool { return strings.Contains(name, part) })
}

// option is the value of an option, "" when it is not there.
func option(options []Option, name string) string {
	for _, o := range options {
		if o.Name == name {
			return o.Value
		}
	}
	return ""
}
