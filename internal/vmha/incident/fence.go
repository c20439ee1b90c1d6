package incident

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/oneha/oneha/fence"
	"github.com/oneha/oneha/internal/fenceagent"
	"github.com/oneha/oneha/internal/fencecheck"
	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/vmha/settings"
)

// Agents cuts power by the project's fence agents, as `oneha fence off` does.
type Agents struct {
	Fencing settings.Fencing
	Syslog  func([]byte) error
}

// Off cuts the power of a host and returns when its BMC said that it is off, and said so
// once more when asked again: some machines are switched on again by their own settings.
func (a Agents) Off(ctx context.Context, h one.HostDetail) (string, error) {
	d, err := a.device(h)
	if err != nil {
		return "", err
	}
	said, code, err := a.run(ctx, d, fence.ActionOff)
	if err != nil {
		return "", err
	}
	if code != 0 {
		return "", fmt.Errorf("%s at %s ended with %d: %s", d.Agent.Name, d.Address(), code, said)
	}
	off, err := a.IsOff(ctx, h)
	switch {
	case err != nil:
		return "", fmt.Errorf("%s\nasked once more: %w", said, err)
	case !off:
		return "", fmt.Errorf("%s\nthe power was seen off, and now it is on: something else switches the machine on, such as a setting of its BMC", said)
	}
	return said, nil
}

// IsOff asks the BMC.
func (a Agents) IsOff(ctx context.Context, h one.HostDetail) (bool, error) {
	d, err := a.device(h)
	if err != nil {
		return false, err
	}
	said, code, err := a.run(ctx, d, fence.ActionStatus)
	const on, off = 0, 2
	switch {
	case err != nil:
		return false, err
	case code == off:
		return true, nil
	case code == on:
		return false, nil
	}
	return false, fmt.Errorf("%s at %s does not say whether the power is off: %s", d.Agent.Name, d.Address(), said)
}

func (a Agents) run(ctx context.Context, d fencecheck.Device, action string) (said string, code int, err error) {
	for _, o := range d.Options {
		if o.Name == optionPassword {
			if err := settings.CheckPassword(o.Value); err != nil {
				return "", 0, err
			}
		}
	}
	var out bytes.Buffer
	env := fence.SystemEnv()
	env.Stdin, env.Stdout, env.Stderr, env.Syslog = strings.NewReader(d.Input(action)), &out, &out, a.Syslog
	code = fence.Run(ctx, d.Agent, env)
	if ctx.Err() != nil {
		err = fmt.Errorf("%s at %s was broken off: %w", d.Agent.Name, d.Address(), context.Cause(ctx))
	}
	return strings.TrimSpace(out.String()), code, err
}

// Attributes of a host's template, each beside the key of the settings that it is.
const (
	attributeAgent    = "FENCE_AGENT"
	attributeAddress  = "FENCE_IP"
	attributeUser     = "FENCE_USERNAME"
	attributePassword = "FENCE_PASSWORD_FILE"
	attributePlug     = "FENCE_PLUG"
	attributeOptions  = "FENCE_OPTIONS" // "lanplus=1 cipher=17"
)

const optionPassword = "password_file"

// templateOptions are those that a host's template may set: who may change a host in
// OpenNebula must not be able to have a program run, or a file read, on the front-end.
// Nor may the password, which the settings have for all hosts, go out with less protection
// than they say (auth, ssl_insecure).
var templateOptions = []string{"ipport", "lanplus", "cipher", "privlvl", "systems_uri", "redfish_uri", "ssl_secure", "power_timeout", "login_timeout", "shell_timeout"}

// device is how a host is fenced: what the settings say of it, then its template, then
// what the settings say of all.
func (a Agents) device(h one.HostDetail) (fencecheck.Device, error) {
	own, common, t := a.Fencing.Hosts[h.Name], a.Fencing.Common, h.Template
	fail := func(format string, args ...any) (fencecheck.Device, error) {
		return fencecheck.Device{}, fmt.Errorf(format, args...)
	}
	address := cmp.Or(own.Address, strings.TrimSpace(t[attributeAddress]), common.Address)
	if address == "" {
		return fail("Fence ip not found\nhost %s has no FENCE_IP in its template, and no ip in %s", h.Name, settings.DefaultFile)
	}
	name := cmp.Or(own.Agent, strings.TrimSpace(t[attributeAgent]), common.Agent)
	agent, ok := fenceagent.Like(name)
	if !ok {
		return fail("host %s has no fence agent of oneha (FENCE_AGENT = %q): use one of %s", h.Name, name, strings.Join(settings.Agents(), ", "))
	}
	password := cmp.Or(own.PasswordFile, common.PasswordFile)
	if file := strings.TrimSpace(t[attributePassword]); own.PasswordFile == "" && file != "" {
		if filepath.Dir(filepath.Clean(file)) != settings.Dir {
			return fail("FENCE_PASSWORD_FILE of host %s is not in %s: what a host's template names is read from there only", h.Name, settings.Dir)
		}
		password = file
	}
	d := fencecheck.Device{ID: "fence-" + h.Name, Node: h.Name, Agent: agent, Plug: cmp.Or(own.Plug, strings.TrimSpace(t[attributePlug]), common.Plug)}
	options, err := fromTemplate(t[attributeOptions])
	if err != nil {
		return fail("host %s: %w", h.Name, err)
	}
	for _, o := range append(append(slices.Clone(common.Options), options...), own.Options...) {
		d.Options = slices.DeleteFunc(d.Options, func(before fencecheck.Option) bool { return before.Name == o.Name })
		d.Options = append(d.Options, fencecheck.Option(o))
	}
	for _, o := range []fencecheck.Option{{Name: "ip", Value: address}, {Name: "username", Value: cmp.Or(own.Username, strings.TrimSpace(t[attributeUser]), common.Username)}, {Name: optionPassword, Value: password}} {
		if o.Value != "" {
			d.Options = append(d.Options, o)
		}
	}
	for _, o := range append(d.Options, fencecheck.Option{Name: "plug", Value: d.Plug}, fencecheck.Option{Name: "its name", Value: h.Name}) {
		if strings.ContainsFunc(o.Value, unicode.IsControl) {
			return fail("host %s: %s has a line break or a control character", line(h.Name), o.Name)
		}
	}
	return d, nil
}

func fromTemplate(text string) (list []settings.Option, err error) {
	for _, word := range strings.Fields(text) {
		name, value, ok := strings.Cut(word, "=")
		if !ok {
			return nil, errors.New("FENCE_OPTIONS is not of the form \"NAME=VALUE NAME=VALUE\"")
		}
		if !slices.Contains(templateOptions, name) {
			return nil, fmt.Errorf("FENCE_OPTIONS cannot set %q: write it into %s", name, settings.DefaultFile)
		}
		list = append(list, settings.Option{Name: name, Value: value})
	}
	return list, nil
}
