package ocf

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

const (
	paramPrefix = "OCF_RESKEY_"
	metaPrefix  = paramPrefix + "CRM_meta_"
)

// read turns the environment of a call into a Request without judging it:
// nothing here fails, so that stop always gets its request. Variables that the
// agent does not declare are not looked at.
func read(a *Agent, action string, lookup func(string) (string, bool)) *Request {
	get := func(name string) string { v, _ := lookup(name); return v }
	req := &Request{
		Action:   action,
		Instance: get("OCF_RESOURCE_INSTANCE"),
		Type:     get("OCF_RESOURCE_TYPE"),
		Node:     get(metaPrefix + "on_node"),
		Interval: milliseconds(get(metaPrefix + "interval")),
		Timeout:  milliseconds(get(metaPrefix + "timeout")),
		agent:    a,
		lookup:   lookup,
		values:   make(map[string]string, len(a.Params)),
	}
	if req.Type == "" {
		req.Type = a.Name
	}
	if n, ok := parseInteger(get("OCF_CHECK_LEVEL")); ok && n > 0 {
		req.Depth = n
	}
	for i := range a.Params {
		p := &a.Params[i]
		if v := get(paramPrefix + p.Name); v != "" {
			req.values[p.Name] = v
			continue
		}
		for _, alias := range p.Aliases {
			if v := get(paramPrefix + alias); v != "" {
				req.values[p.Name] = v
				break
			}
		}
	}
	return req
}

// milliseconds reads a time that Pacemaker passes; anything else is 0, unknown.
func milliseconds(s string) time.Duration {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64/int64(time.Millisecond) {
		return 0
	}
	return time.Duration(n) * time.Millisecond
}

// checkDepth judges OCF_CHECK_LEVEL, which read has taken over if it could.
func checkDepth(level string) error {
	if n, ok := parseInteger(level); level != "" && (!ok || n < 0) {
		return &Error{Code: ConfiguredCode, Reason: fmt.Sprintf("OCF_CHECK_LEVEL is not a number from 0: %q", level)}
	}
	return nil
}

// checkParams returns an error for the first parameter that is missing or whose
// value does not have the declared type.
func (r *Request) checkParams() error {
	if p, ok := r.missing(); ok {
		return Configured(p.Name, "is required but not set")
	}
	for i := range r.agent.Params {
		p := &r.agent.Params[i]
		if v, ok := r.values[p.Name]; ok {
			if err := p.accepts(v); err != nil {
				return err
			}
		}
	}
	return nil
}

// missing returns the first required parameter that was not given.
func (r *Request) missing() (Param, bool) {
	for _, p := range r.agent.Params {
		if _, ok := r.values[p.Name]; p.Required && !ok {
			return p, true
		}
	}
	return Param{}, false
}

// dropMalformed forgets the values that do not have their declared type, so
// that the defaults hold, and returns what was wrong with them.
func (r *Request) dropMalformed() []error {
	var errs []error
	for i := range r.agent.Params {
		p := &r.agent.Params[i]
		if v, ok := r.values[p.Name]; ok {
			if err := p.accepts(v); err != nil {
				errs = append(errs, err)
				delete(r.values, p.Name)
			}
		}
	}
	return errs
}
