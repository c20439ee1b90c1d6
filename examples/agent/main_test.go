package main

import (
	"context"
	"testing"

	"github.com/oneha/oneha/ocf"
)

func TestAgentIsSound(t *testing.T) {
	if err := agent.Check(); err != nil {
		t.Fatal(err)
	}
}

// A setting that every kernel has and nobody may write: monitor reads it as it is.
func TestMonitor(t *testing.T) {
	for _, c := range []struct {
		on   string
		want ocf.Code
	}{
		{"Linux", ocf.SuccessCode},
		{"Plan 9", ocf.NotRunningCode},
	} {
		r := ocf.NewRequest(agent, ocf.Monitor, map[string]string{"key": "kernel.ostype", "on": c.on})
		if code := ocf.CodeOf(monitor(context.Background(), r)); code != c.want {
			t.Errorf("on=%s: exit code %d, want %d", c.on, code, c.want)
		}
	}
}

func TestValidate(t *testing.T) {
	for _, c := range []struct {
		name   string
		params map[string]string
		want   ocf.Code
	}{
		{"a setting that is there", map[string]string{"key": "kernel.ostype"}, ocf.SuccessCode},
		{"one that no kernel has", map[string]string{"key": "kernel.nothing"}, ocf.InstalledCode},
		{"one outside of the settings", map[string]string{"key": "../../etc/passwd"}, ocf.InstalledCode},
		{"on and off alike", map[string]string{"key": "kernel.ostype", "on": "0"}, ocf.ConfiguredCode},
	} {
		r := ocf.NewRequest(agent, ocf.ValidateAll, c.params)
		if code := ocf.CodeOf(agent.Validate(context.Background(), r)); code != c.want {
			t.Errorf("%s: exit code %d, want %d", c.name, code, c.want)
		}
	}
}
