package main

import (
	"strconv"
	"strings"

	"github.com/oneha/oneha/agents"
	"github.com/oneha/oneha/fence"
	"github.com/oneha/oneha/internal/fenceagent"
	"github.com/oneha/oneha/ocf"
)

// agentsPage has all agents.
func agentsPage() string {
	p := newPage("Agents", "What Pacemaker starts: resource agents as `ocf:opennebula:NAME`, fence agents as `stonith:NAME`. "+
		"Their manual pages say more (`man ocf_opennebula_oned`, `man fence_bmc_ipmi`), and [compatibility.md](../compatibility.md) has what differs from the stock agents.")
	var rows [][]string
	for _, a := range agents.All() {
		name := "ocf:opennebula:" + a.Name
		rows = append(rows, []string{"[" + name + "](#" + strings.ReplaceAll(name, ":", "") + ")", plain(a.Short)})
	}
	for _, a := range fenceagent.All() {
		rows = append(rows, []string{"[" + a.Name + "](#" + a.Name + ")", plain(a.Short)})
	}
	p.table([]string{"agent", "for"}, rows)
	for _, a := range agents.All() {
		resource(p, a)
	}
	for _, a := range fenceagent.All() {
		device(p, a)
	}
	return p.String()
}

func resource(p *page, a ocf.Agent) {
	p.heading(2, "ocf:opennebula:"+a.Name)
	p.text(a.Long)
	var rows [][]string
	for _, param := range a.Params {
		about := plain(param.Short + ". " + param.Long)
		if len(param.Aliases) > 0 {
			about += " Formerly " + codes(param.Aliases) + "."
		}
		rows = append(rows, []string{code(param.Name), string(param.Type), ifEmpty(code(param.Default), param.Required), about})
	}
	p.table([]string{"parameter", "type", "default", "meaning"}, rows)
	rows = nil
	for _, act := range a.AllActions() {
		name := code(act.Name)
		if act.Depth > 0 {
			name += " with " + code("OCF_CHECK_LEVEL="+strconv.Itoa(act.Depth))
		}
		interval := ""
		if act.Interval > 0 {
			interval = ocf.Seconds(act.Interval)
		}
		rows = append(rows, []string{name, ocf.Seconds(act.Timeout), interval})
	}
	p.table([]string{"action", "timeout", "interval"}, rows)
}

func device(p *page, a fence.Agent) {
	p.heading(2, a.Name)
	p.text(a.Long)
	for _, g := range a.OptionGroups() {
		var rows [][]string
		for _, o := range g.Options {
			if o.Hidden {
				continue
			}
			about := plain(o.Text) + "."
			if len(o.Choices) > 0 {
				about += " One of " + codes(o.Choices) + "."
			}
			if len(o.Old) > 0 {
				about += " Formerly " + codes(o.Old) + "."
			}
			rows = append(rows, []string{code(o.Name), codes(o.Flags()), ifEmpty(code(o.Default), o.Required), about})
		}
		if len(rows) > 0 {
			p.text(sentence(g.Name))
			p.table([]string{"option", "as flags", "default", "meaning"}, rows)
		}
	}
	p.text("Actions: " + codes(a.Actions()) + ".")
}

// ifEmpty says of what has no default whether it must be given.
func ifEmpty(byDefault string, required bool) string {
	if byDefault == "" && required {
		return "required"
	}
	return byDefault
}
