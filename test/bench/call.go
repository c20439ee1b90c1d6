package main

import (
	"context"
	"os"
	"path/filepath"
)

// rounds of a contest between programs that take milliseconds.
const rounds = 40

const agentDir = "/usr/lib/ocf/resource.d/"

// agent is a call of a resource agent, provider/type, as Pacemaker makes it for a
// recurring operation.
func agent(name, action string, code int, params ...string) program {
	env := []string{
		"OCF_ROOT=/usr/lib/ocf", "OCF_RA_VERSION_MAJOR=1", "OCF_RA_VERSION_MINOR=1", "OCF_RESOURCE_INSTANCE=bench",
		"HA_LOGFACILITY=none", "OCF_RESKEY_CRM_meta_interval=10000", "OCF_RESKEY_CRM_meta_timeout=20000",
	}
	for _, p := range params {
		env = append(env, "OCF_RESKEY_"+p)
	}
	return program{name: name + " " + action, args: []string{agentDir + name, action}, env: env, code: code}
}

// sizeLines measures the binary that all resource agents are.
func sizeLines(_ context.Context, t *table) error {
	const limit = 8e6
	info, err := os.Stat(filepath.Join(installDir, "ocf-opennebula"))
	if err != nil {
		return err
	}
	t.alone("binary of the resource agents", mb(info.Size()), "below 8 MB", info.Size() < limit)
	return nil
}
