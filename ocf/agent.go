package ocf

import (
	"context"
	"time"
)

// Names of the actions that this package treats specially. An agent may declare
// others that the API knows (promote, migrate_to, ...).
const (
	Start       = "start"
	Stop        = "stop"
	Monitor     = "monitor"
	ValidateAll = "validate-all"
	MetaData    = "meta-data"
)

// Type is the type of a parameter as metadata names it.
type Type string

const (
	String  Type = "string"
	Integer Type = "integer"
	Boolean Type = "boolean" // true forms: yes true 1 on (and ja, which ocf_is_true takes); false forms: no false 0 off, any case
)

// Param is one parameter of an agent. A user gives it as the instance attribute
// Name; the agent finds it in the environment as OCF_RESKEY_<Name>. An empty
// value counts as not given.
type Param struct {
	Name     string
	Aliases  []string // undeclared old names, honoured when Name is not set
	Type     Type
	Default  string
	Required bool
	Unique   bool   // no two resources of the type may have the same value
	Short    string // shortdesc, a few words without a full stop
	Long     string // longdesc, whole sentences; a line break ends a paragraph
	Example  string // a value for examples in manual pages
}

// Action is one action of an agent, with the timeout and interval that metadata
// advises.
type Action struct {
	Name     string
	Timeout  time.Duration
	Interval time.Duration // monitor only
	Depth    int           // monitor only: the OCF_CHECK_LEVEL this entry is for
	// OnRequest keeps a monitor out of the metadata. It runs all the same when its
	// depth is asked for, but pcs does not add it: that writes every monitor that
	// metadata list into the configuration.
	OnRequest bool
	Run       func(context.Context, *Request) error
}

// Agent is a resource agent. Run handles meta-data, validate-all, usage and
// unknown actions itself; an agent declares start, stop and monitor. A monitor
// may be declared at several depths: the deepest one not above the requested
// OCF_CHECK_LEVEL runs. Check tells whether a declaration is sound.
type Agent struct {
	Name     string // the resource type, e.g. "vip"
	Version  string // the agent's own version
	Short    string
	Long     string
	Params   []Param
	Actions  []Action
	Validate func(context.Context, *Request) error // beyond types: run by validate-all and before start
}

// Param returns the declaration of parameter name.
func (a Agent) Param(name string) (Param, bool) {
	for _, p := range a.Params {
		if p.Name == name {
			return p, true
		}
	}
	return Param{}, false
}

// action returns the declared action called name; of several monitors, the
// deepest one not above depth.
func (a Agent) action(name string, depth int) (Action, bool) {
	best, found := Action{}, false
	for _, act := range a.Actions {
		if act.Name == name && act.Depth <= depth && (!found || act.Depth > best.Depth) {
			best, found = act, true
		}
	}
	return best, found
}
