package bmc

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stmcginnis/gofish/common"
	"github.com/stmcginnis/gofish/redfish"
)

// redfishSystem is what fencing needs of a ComputerSystem (DMTF DSP0268). gofish's own
// type has some hundred properties, and one of a wrong type in a vendor's firmware
// is an error.
type redfishSystem struct {
	ID         string `json:"Id"`
	Name       string
	PowerState string
	Actions    struct {
		Reset resetAction `json:"#ComputerSystem.Reset"`
	}
}

type resetAction struct {
	Target    string   `json:"target"`
	Allowable []string `json:"ResetType@Redfish.AllowableValues"`
	Info      string   `json:"@Redfish.ActionInfo"`
}

type odataLink struct {
	Path string `json:"@odata.id"`
}

func (d *redfishDriver) system(path string) (s redfishSystem, err error) {
	err = d.get(path, &s)
	return s, err
}

// choose returns the path of the system that the configuration means. It always
// reads something that needs a login, so that a refused password shows in Open.
func (d *redfishDriver) choose(collection string) (string, error) {
	want := d.config.System
	if strings.HasPrefix(want, "/") {
		_, err := d.system(want)
		return want, err
	}
	members, err := d.members(collection)
	if err != nil {
		return "", err
	}
	if len(members) == 0 {
		return "", &failure{text: "the BMC shows no system to this user: check the user's role, or give the path of the system", kind: ErrSystem}
	}
	if want == "" {
		if len(members) > 1 {
			return "", &failure{text: fmt.Sprintf("the BMC has %d systems (%s): say which one to switch", len(members), systemIDs(members)), kind: ErrSystem}
		}
		return members[0], nil
	}
	// Id before Name: an Id is unique, and the path ends with it.
	if i := slices.IndexFunc(members, func(path string) bool { return systemID(path) == want }); i >= 0 {
		return members[i], nil
	}
	var named []string
	for _, path := range members {
		s, err := d.system(path)
		if err != nil {
			return "", err
		}
		if s.ID == want || s.Name == want {
			named = append(named, path)
		}
	}
	switch len(named) {
	case 1:
		return named[0], nil
	case 0:
		return "", &failure{text: fmt.Sprintf("the BMC has no system %q: it has %s", want, systemIDs(members)), kind: ErrSystem}
	}
	return "", &failure{text: fmt.Sprintf("the BMC has %d systems named %q: give the Id of one (%s)", len(named), want, systemIDs(named)), kind: ErrSystem}
}

// maxPages bounds a collection that the BMC gives in parts.
const maxPages = 20

// members returns the paths of all systems, each once.
func (d *redfishDriver) members(collection string) (paths []string, err error) {
	for range maxPages {
		if !localPath(collection) {
			return nil, &failure{text: "the BMC does not say where its systems are: give the path of the system, such as " + ILOSystem, kind: ErrSystem}
		}
		c, err := common.GetCollection(d.api, collection)
		if err != nil {
			return nil, d.explain("read "+collection, err)
		}
		for _, path := range c.ItemLinks {
			if path != "" && !slices.Contains(paths, path) {
				paths = append(paths, path)
			}
		}
		if collection = c.MembersNextLink; collection == "" {
			return paths, nil
		}
	}
	return nil, &failure{text: fmt.Sprintf("the BMC's list of systems has more than %d pages: give the path of the system", maxPages), kind: ErrSystem}
}

// systemID is the Id of a system, which its path ends with (DSP0266, resource URIs).
func systemID(path string) string {
	path = strings.TrimSuffix(path, "/")
	return path[strings.LastIndex(path, "/")+1:]
}

func systemIDs(paths []string) string {
	var all []string
	for _, p := range paths {
		all = append(all, fmt.Sprintf("%.40q", systemID(p)))
	}
	return strings.Join(all, ", ")
}

// allowed returns the reset types that the BMC takes, from the action itself or
// from its ActionInfo; nil when it does not say.
func (d *redfishDriver) allowed(action resetAction) ([]string, error) {
	if len(action.Allowable) > 0 || action.Info == "" {
		return action.Allowable, nil
	}
	var info struct {
		Parameters []struct {
			Name            string
			AllowableValues []string
		}
	}
	if err := d.get(action.Info, &info); err != nil {
		return nil, err
	}
	for _, p := range info.Parameters {
		if p.Name == "ResetType" {
			return p.AllowableValues, nil
		}
	}
	return nil, nil
}

// resetTypes serve an order, the first that the BMC takes. For off there is one:
// GracefulShutdown and PushPowerButton ask the operating system, and PowerCycle,
// ForceRestart and FullPowerCycle bring the machine back, so that it may be seen
// off for a moment and then write again.
var resetTypes = map[string][]redfish.ResetType{
	"on":      {redfish.OnResetType, redfish.ForceOnResetType},
	"off":     {redfish.ForceOffResetType},
	orderDiag: {redfish.NmiResetType},
}

// orderDiag is the order for a diagnostic interrupt.
const orderDiag = "diag"

// resetTypeFor chooses the reset type for an order of resetTypes. A BMC that does not say
// what it takes is asked for the first.
func resetTypeFor(order string, allowed []string) (string, error) {
	types := resetTypes[order]
	if types == nil {
		return "", fmt.Errorf("power state %q is not used here", order)
	}
	for _, t := range types {
		if allowed == nil || slices.Contains(allowed, string(t)) {
			return string(t), nil
		}
	}
	what := "switch the machine " + order + " at once"
	if order == orderDiag {
		what = "send a diagnostic interrupt"
	}
	return "", &failure{text: fmt.Sprintf("the BMC cannot %s: that is reset type %s, and it takes only %.200s", what, types[0], strings.Join(allowed, ", "))}
}
