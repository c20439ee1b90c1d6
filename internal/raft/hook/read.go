package hook

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/spec"
)

// read reads the configuration files. What cannot be read keeps no follower from
// letting go: only a call that would harm the server is an error.
func (h *hook) read() error {
	conf, err := one.ReadOnedConfig(h.conf.OnedConf)
	if err != nil {
		h.warn("%v: taking what could be read, and oned's defaults", err)
	}
	h.oned, h.zone = conf.Endpoint(), conf.ZoneID
	if h.credentials, err = one.ReadCredentials(h.conf.AuthFile); err != nil {
		h.warn("%v", err)
	}
	zone := h.describe()
	if zone == nil {
		return nil
	}
	h.services = zone.Services
	for _, a := range h.call.Addresses {
		for _, s := range zone.Servers {
			if s.Addr == a.Prefix.Addr() {
				return fmt.Errorf("%s is the address of server %s itself in %s: a follower would lose it; correct ARGUMENTS of the hooks in %s",
					s.Addr, s.Name, h.conf.Description, h.conf.OnedConf)
			}
		}
	}
	return nil
}

// describe reads the zone's description; nil when there is none to use.
func (h *hook) describe() *spec.Zone {
	text, err := os.ReadFile(h.conf.Description)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		h.warn("read description: %v", err)
		return nil
	}
	cluster, findings := spec.Parse(h.conf.Description, text)
	if findings.HasErrors() || cluster.Zone == nil {
		h.warn("%s does not describe a zone: see oneha check %s", h.conf.Description, h.conf.Description)
		return nil
	}
	return cluster.Zone
}
