package main

import (
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/agents"
	"github.com/oneha/oneha/ocf"
)

var someday = edition{from: "desktop 2.1", date: "2026-02-03"}

// lamp declares all that a manual page can say.
func lamp() ocf.Agent {
	const s = time.Second
	return ocf.Agent{
		Name:  "lamp",
		Short: "Lamp on a desk",
		Long:  "Lights a lamp & keeps it lit.\nNeeds <socket> and \"bulb\".\n\n.hidden 'quoted' `so` ^~ \\fBnot bold\\fR -- \u00e9\u2192",
		Params: []ocf.Param{
			{Name: "socket", Type: ocf.String, Required: true, Unique: true, Short: "Socket", Long: "Where the plug goes.", Example: "wall 3"},
			{Name: "watts", Aliases: []string{"power", "w"}, Type: ocf.Integer, Default: "60", Short: "Watts", Long: "What the bulb draws."},
			{Name: "dim", Type: ocf.Boolean, Default: "false", Short: "Dim", Long: "Whether to dim: yes | no."},
			{Name: "colour", Type: ocf.String, Short: "Colour", Long: "Empty for white.", Example: "red"},
		},
		Actions: []ocf.Action{
			{Name: ocf.Start, Timeout: 20 * s},
			{Name: ocf.Stop, Timeout: 20 * s},
			{Name: ocf.Monitor, Timeout: 20 * s, Interval: 10 * s},
			{Name: ocf.Monitor, Timeout: 30 * s, Interval: 60 * s, Depth: 10},
			{Name: ocf.Monitor, Timeout: 30 * s, Interval: 300 * s, Depth: 20, OnRequest: true},
		},
	}
}

func TestResourcePage(t *testing.T) {
	page := resourcePage(lamp(), "desk", someday, []string{"ocf_desk_chair(7)"})
	golden(t, "ocf_desk_lamp.7", page)
	isTaken(t, "lamp", page)
}

func TestResourcePageNamesRequiredParametersWithoutExample(t *testing.T) {
	a := lamp()
	a.Params[0].Example = ""
	if page := string(resourcePage(a, "desk", someday, nil)); strings.Count(page, "socket=SOCKET") != 2 {
		t.Error(page)
	}
}

func TestEveryResourceAgentHasAPageThatNamesItsParameters(t *testing.T) {
	all := agentPages(someday)
	for _, a := range agents.All() {
		page := string(all["ocf_opennebula_"+a.Name+".7"])
		for _, p := range a.Params {
			if !strings.Contains(page, "\n.TP\n\\fB"+p.Name+"\\fR (") {
				t.Errorf("%s: no parameter %s", a.Name, p.Name)
			}
			if p.Required && p.Example == "" {
				t.Errorf("%s: required parameter %s has no Example, so the examples cannot be used", a.Name, p.Name)
			}
		}
	}
}
