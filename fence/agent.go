package fence

import (
	"context"
	"strconv"
	"time"
)

// Actions of the FenceAgentAPI. The other spelling of Metadata, "meta-data", is
// understood too.
const (
	ActionOn          = "on"
	ActionOff         = "off"
	ActionReboot      = "reboot"
	ActionStatus      = "status"
	ActionMonitor     = "monitor"
	ActionList        = "list"
	ActionListStatus  = "list-status"
	ActionMetadata    = "metadata"
	ActionManpage     = "manpage"
	ActionValidateAll = "validate-all"
)

// actions is every action in the order of the help text. Listed are those that
// metadata names: list is left out, because pacemaker-fenced would take it as an
// offer to find out which nodes a device can fence, and a device with one
// machine does not know that machine's cluster name.
var actions = []struct {
	name   string
	listed bool
}{
	{ActionOn, true}, {ActionOff, true}, {ActionReboot, true}, {ActionStatus, true},
	{ActionList, false}, {ActionListStatus, false}, {ActionMonitor, true},
	{ActionMetadata, true}, {ActionManpage, true}, {ActionValidateAll, true},
}

// Agent is a fence agent for devices that switch one machine each.
type Agent struct {
	Name    string // also the program's name, e.g. "fence_bmc_ipmi"
	Version string // shown by --version
	Short   string // shortdesc of the metadata
	Long    string // longdesc, whole sentences
	URL     string // vendor-url, may be empty

	Options  []Option          // beside the common ones
	Defaults map[string]string // defaults of common options that differ here

	// Validate looks at the options beyond their types, without touching the
	// network; its error names the option and says what to do. May be nil.
	Validate func(*Request) error

	// Open logs in. The context bounds the login only. An error that wraps
	// ErrLogin says that the credentials were refused.
	Open func(context.Context, *Request) (Device, error)
}

// Request is one call of an agent, with values that fit their declared types.
type Request struct {
	Action string
	Node   string // the cluster's name for the machine, "" when unknown

	table    *table
	values   map[string]string
	password string
	log      *logger
}

// String returns the value of an option, its default when it was not given.
// Asking for an undeclared option is a programming error and panics.
func (r *Request) String(name string) string {
	o := r.table.byName[name]
	if o == nil || o.Name != name {
		panic("fence: undeclared option " + name)
	}
	if v, ok := r.values[name]; ok {
		return v
	}
	return o.Default
}

// Given reports whether an option was set by the caller, to whatever value.
func (r *Request) Given(name string) bool {
	_, ok := r.values[name]
	return ok
}

// Bool returns the value of a Boolean option.
func (r *Request) Bool(name string) bool { return r.String(name) == "1" }

// Int returns the value of an Integer option, 0 when it has none.
func (r *Request) Int(name string) int {
	n, _ := strconv.Atoi(r.String(name)) // checked when it was read
	return n
}

// Seconds returns the value of a Second option, 0 when it has none.
func (r *Request) Seconds(name string) time.Duration {
	s, _ := strconv.ParseFloat(r.String(name), 64) // checked when it was read
	return time.Duration(s * float64(time.Second))
}

// Host returns the address of the device: ip, or plug when port_as_ip is set and
// ip is not.
func (r *Request) Host() string {
	if ip := r.String("ip"); ip != "" || !r.Bool("port_as_ip") {
		return ip
	}
	return r.String("plug")
}

// Password returns the password from whichever option gave it. While Validate
// runs for validate-all, a password_script has not been run and its password
// reads as empty.
func (r *Request) Password() string { return r.password }

// Logf writes a step for --verbose. Known secrets are masked in any case; do not
// rely on it.
func (r *Request) Logf(format string, args ...any) { r.log.step(format, args...) }
