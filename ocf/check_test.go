package ocf_test

import (
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/ocf"
)

func TestCheck(t *testing.T) {
	tests := []struct {
		want   string
		change func(*ocf.Agent)
	}{
		{"agent lamp: the agent needs Name, Short and Long", func(a *ocf.Agent) { a.Long = "" }},
		{"at least one parameter", func(a *ocf.Agent) { a.Params = nil }},
		{`parameter "so-cket" cannot be part of an environment variable's name`, func(a *ocf.Agent) { a.Params[0].Name = "so-cket" }},
		{`parameter "CRM_meta_x" cannot`, func(a *ocf.Agent) { a.Params[0].Name = "CRM_meta_x" }},
		{"parameter or alias watts is declared twice", func(a *ocf.Agent) { a.Params[3].Aliases = []string{"watts"} }},
		{"parameter dim needs Short and Long", func(a *ocf.Agent) { a.Params[2].Short = "" }},
		{"parameter socket is required, so its default is never used", func(a *ocf.Agent) { a.Params[0].Default = "1" }},
		{`parameter dim has unknown type "time"`, func(a *ocf.Agent) { a.Params[2].Type = "time" }},
		{`default of parameter watts is not an integer: "many"`, func(a *ocf.Agent) { a.Params[1].Default = "many" }},
		{"action validate-all is provided by the contract", func(a *ocf.Agent) { a.Actions[0].Name = ocf.ValidateAll }},
		{"action reload-agent is not known to ra-api-1.dtd", func(a *ocf.Agent) { a.Actions[0].Name = "reload-agent" }},
		{"action start (at depth 0) is missing", func(a *ocf.Agent) { a.Actions = a.Actions[1:] }},
		{"action monitor (at depth 0) is missing", func(a *ocf.Agent) { a.Actions[2].Depth = 5 }},
		{"action stop is declared twice", func(a *ocf.Agent) { a.Actions[0].Name = ocf.Stop }},
		{"action start has nothing to run", func(a *ocf.Agent) { a.Actions[0].Run = nil }},
		{"action start needs a timeout", func(a *ocf.Agent) { a.Actions[0].Timeout = 0 }},
		{"action start has an interval", func(a *ocf.Agent) { a.Actions[0].Interval = time.Second }},
		{"monitor at depth 0 needs an interval", func(a *ocf.Agent) { a.Actions[2].Interval = 0 }},
		{"monitor at depth -1 needs an interval, and a depth from 0", func(a *ocf.Agent) { a.Actions[3].Depth = -1 }},
		{"the monitor at depth 0 must be listed", func(a *ocf.Agent) { a.Actions[2].OnRequest = true }},
		{"action start has an interval, a depth or OnRequest", func(a *ocf.Agent) { a.Actions[0].OnRequest = true }},
		{"two monitors share depth 10 or interval 10s", func(a *ocf.Agent) { a.Actions[3].Interval = 10 * time.Second }},
	}
	for _, tt := range tests {
		a := new(lamp).agent()
		tt.change(&a)
		if err := a.Check(); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("want %q, got %v", tt.want, err)
		}
	}
}
