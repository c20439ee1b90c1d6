package ocf

import (
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// Request is one call of an agent: what Pacemaker asked and with which
// parameters. Parameters were validated against their declared types before an
// action runs, except before stop (see Run).
type Request struct {
	Action   string
	Instance string        // OCF_RESOURCE_INSTANCE
	Type     string        // OCF_RESOURCE_TYPE, else the agent's name
	Node     string        // OCF_RESKEY_CRM_meta_on_node, "" when unknown
	Interval time.Duration // OCF_RESKEY_CRM_meta_interval; unset means 0
	Timeout  time.Duration // OCF_RESKEY_CRM_meta_timeout; 0 when unknown. The context ends a little earlier
	Depth    int           // OCF_CHECK_LEVEL
	Log      *slog.Logger

	agent  *Agent
	values map[string]string
	lookup func(string) (string, bool)
}

// NewRequest returns a request for action with the given parameters and a log
// that is thrown away: what a test needs to call an action's function directly.
// Names may be aliases or CRM_meta_<name>; one that is not declared panics.
func NewRequest(a Agent, action string, params map[string]string) *Request {
	declared := map[string]bool{}
	for _, p := range a.Params {
		declared[p.Name] = true
		for _, alias := range p.Aliases {
			declared[alias] = true
		}
	}
	vars := map[string]string{}
	for name, value := range params {
		if !declared[name] && !strings.HasPrefix(name, metaPrefix[len(paramPrefix):]) {
			panic("ocf: agent " + a.Name + " declares no parameter " + name)
		}
		vars[paramPrefix+name] = value
	}
	req := read(&a, action, func(name string) (string, bool) { v, ok := vars[name]; return v, ok })
	req.Log = slog.New(slog.DiscardHandler)
	return req
}

// Probe reports whether this is a one-off monitor: Pacemaker asks what is, and
// nothing may change. An unset interval is 0 (Pacemaker leaves it out).
func (r *Request) Probe() bool { return r.Action == Monitor && r.Interval == 0 }

// Meta returns a meta attribute of the resource or operation, which Pacemaker
// passes as OCF_RESKEY_CRM_meta_<name>, such as clone_max; "" when it is not set.
func (r *Request) Meta(name string) string {
	v, _ := r.lookup(metaPrefix + name)
	return v
}

// Set reports whether the user gave the parameter, by its name or an alias. An
// empty value is none.
func (r *Request) Set(name string) bool {
	r.declared(name)
	_, ok := r.values[name]
	return ok
}

// String returns the parameter as given, else its default.
func (r *Request) String(name string) string {
	p := r.declared(name)
	if v, ok := r.values[name]; ok {
		return v
	}
	return p.Default
}

// Int returns the parameter as a number; an empty default is 0. The error is
// Configured. It cannot occur for a parameter declared as Integer; one declared
// as String, because it also has other forms, may be asked for as a number too.
func (r *Request) Int(name string) (int, error) {
	v := r.String(name)
	if v == "" {
		return 0, nil
	}
	n, ok := parseInteger(v)
	if !ok {
		return 0, Configured(name, fmt.Sprintf("is not an integer: %q", v))
	}
	return n, nil
}

// Bool returns the parameter as a truth value; an empty default is false. A
// value that is neither true nor false, which only a parameter declared as
// String can have, yields the default.
func (r *Request) Bool(name string) bool {
	p := r.declared(name)
	if b, ok := parseBoolean(r.String(name)); ok {
		return b
	}
	b, _ := parseBoolean(p.Default)
	return b
}

// declared returns the declaration of the parameter. Asking for an undeclared
// one is a mistake in the agent, not in the configuration.
func (r *Request) declared(name string) Param {
	p, ok := r.agent.Param(name)
	if !ok {
		panic("ocf: agent " + r.agent.Name + " declares no parameter " + name)
	}
	return p
}
