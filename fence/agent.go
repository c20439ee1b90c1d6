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
	ActionDiag        = "diag" // of agents that declare it
)

// actions is every action but diag in the order of the help text. Listed are those that
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
//
// An agent is a small table. What it shares with the others is not repeated:
// the common options are there without being declared, Defaults changes the
// default of any of them, and groups of options that agents of one kind have in
// common are appended (TLSOptions, SSHOptions, MethodOption). A second agent for
// the same devices is a copy of the first with another name and other defaults:
//
//	var ilo = redfish // a copy
//	ilo.Name, ilo.Short = "fence_bmc_ilo", "Fence agent for HPE iLO"
//	ilo.Defaults = map[string]string{"login_timeout": "10"}
//
// The program then needs its name in its list of agents, and nothing else.
type Agent struct {
	Name    string // also the program's name, e.g. "fence_bmc_ipmi"
	Version string // shown by --version
	Short   string // shortdesc of the metadata
	Long    string // longdesc, whole sentences
	URL     string // vendor-url, may be empty

	Options  []Option          // beside the common ones
	Defaults map[string]string // defaults that differ here, of common options or of Options

	// Login names the options of which one must be set, beside username, to log
	// in, such as ByPassword. Nil: the device may know users without a name or
	// without a password, so nothing must be set.
	Login []string

	// Diag offers the action diag; the devices are then Interrupters.
	Diag bool

	// Validate looks at the options beyond their types, without touching the
	// network; its error names the option and says what to do. May be nil.
	Validate func(*Request) error

	// Tell, where it is set, is told how far a change of power is, for a log of who did
	// what when. The action waits for it and does not depend on it.
	Tell func(Change)

	// Answers, where it is set, reports whether the driver that serves a call tells of
	// each answer of the device by Request.Answered. A device that answers slowly is
	// then not taken for one that is gone.
	Answers func(*Request) bool

	// Open logs in. The context bounds the login only. An error that wraps
	// ErrLogin says that the credentials were refused, one that wraps ErrUntrusted
	// that the device is not known to be the right one.
	Open func(context.Context, *Request) (Device, error)
}

// Request is one call of an agent, with values that fit their declared types.
type Request struct {
	Action string
	Node   string // the cluster's name for the machine, "" when unknown

	table    *table
	values   map[string]string
	secrets  map[string]Secret
	password Secret
	log      *logger
	answers  *answers
}

// String returns the value of an option, its default when it was not given.
// Asking for an option that is undeclared or secret is a programming error and
// panics.
func (r *Request) String(name string) string {
	o := r.table.declared(name)
	if o.Secret {
		panic("fence: secret option " + name + " is read as a string")
	}
	if v, ok := r.values[name]; ok {
		return v
	}
	return o.Default
}

// Secret returns the value of a secret option, the zero Secret when it was not
// given. Asking for another option is a programming error and panics.
func (r *Request) Secret(name string) Secret {
	if !r.table.declared(name).Secret {
		panic("fence: option " + name + " is not secret")
	}
	return r.secrets[name]
}

// Given reports whether an option was set by the caller, to whatever value.
func (r *Request) Given(name string) bool {
	if r.table.declared(name).Secret {
		_, ok := r.secrets[name]
		return ok
	}
	_, ok := r.values[name]
	return ok
}

// set reports whether an option has a value that is not empty.
func (r *Request) set(name string) bool {
	if r.table.declared(name).Secret {
		return r.secrets[name].Reveal() != ""
	}
	return r.String(name) != ""
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

// Limit is the time limit of one step, login_timeout or shell_timeout: 30 seconds
// when the option is 0. No setting removes it: a step without a limit could hang
// until the cluster kills the agent, session and all.
func (r *Request) Limit(name string) time.Duration {
	if d := r.Seconds(name); d > 0 {
		return d
	}
	return 30 * time.Second
}

// Host returns the address of the device: ip, but with port_as_ip set the plug
// if there is one. The plug comes first, as in the stock agents: one device of
// the cluster may then stand for many machines, each with an address in
// pcmk_host_map, and ip is what its monitor looks at.
func (r *Request) Host() string {
	if plug := r.String("plug"); plug != "" && r.Bool("port_as_ip") {
		return plug
	}
	return r.String("ip")
}

// Password returns the password from whichever option gave it. While Validate
// runs for validate-all, a password_script has not been run and its password
// reads as empty.
func (r *Request) Password() Secret { return r.password }

// Logf writes a step for --verbose. A Secret among the arguments prints as
// "[secret]"; nothing else is masked.
func (r *Request) Logf(format string, args ...any) { r.log.step(format, args...) }
