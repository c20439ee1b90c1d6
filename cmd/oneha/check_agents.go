package main

import (
	"bytes"
	"context"
	"encoding/xml"
	"time"

	"github.com/oneha/oneha/agents"
	"github.com/oneha/oneha/fence"
	"github.com/oneha/oneha/internal/fenceagent"
)

// agentParameters are the parameters of this project's agents, from their own
// declarations.
func agentParameters() map[string][]string {
	all := map[string][]string{}
	for _, a := range agents.All() {
		names := []string{}
		for _, p := range a.Params {
			names = append(append(names, p.Name), p.Aliases...)
		}
		all["ocf:opennebula:"+a.Name] = names
	}
	for _, a := range fenceagent.All() {
		all["stonith:"+a.Name] = optionsOf(a)
	}
	return all
}

// optionsOf reads a fence agent's options, deprecated names included, from its
// metadata.
func optionsOf(a fence.Agent) []string {
	var out bytes.Buffer
	fence.Run(context.Background(), a, fence.Env{
		Args: []string{"--action=metadata"}, Stdout: &out, Stderr: &bytes.Buffer{},
		Getenv: func(string) string { return "" }, Now: time.Now, Sleep: func(context.Context, time.Duration) error { return nil },
	})
	var metadata struct {
		Parameters []struct {
			Name string `xml:"name,attr"`
		} `xml:"parameters>parameter"`
	}
	if err := xml.Unmarshal(out.Bytes(), &metadata); err != nil {
		return nil // then nothing is said about its parameters
	}
	names := []string{"nodename"} // sent by the cluster, and not listed
	for _, p := range metadata.Parameters {
		names = append(names, p.Name)
	}
	return names
}
