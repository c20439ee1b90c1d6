package compare

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// side is one of the two agents that are compared, by its name.
type side string

const (
	stock side = "IPaddr2"
	ours  side = "vip"
)

// program is where the agent is installed.
func (s side) program() string {
	if s == stock {
		return "/usr/lib/ocf/resource.d/heartbeat/IPaddr2"
	}
	return "/usr/lib/ocf/resource.d/opennebula/vip"
}

// vars are what an agent is told: parameters by their names, and variables of
// the environment by theirs, which begin in upper case.
type vars map[string]string

// unset as a value takes a variable away.
const unset = "\x00"

// with returns v with the others added.
func (v vars) with(others ...vars) vars {
	all := vars{}
	for _, m := range append([]vars{v}, others...) {
		for name, value := range m {
			all[name] = value
		}
	}
	return all
}

// environment is what Pacemaker passes to an agent, with v.
func (v vars) environment() (list []string) {
	all := vars{
		"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "OCF_ROOT": "/usr/lib/ocf",
		"OCF_RA_VERSION_MAJOR": "1", "OCF_RA_VERSION_MINOR": "1", "OCF_RESOURCE_INSTANCE": "vip",
		"OCF_EXIT_REASON_PREFIX": reasonPrefix, "HA_LOGFACILITY": "none", "CRM_meta_timeout": "20000",
	}.with(v)
	for name, value := range all {
		if value == unset {
			continue
		}
		if c := name[0]; c < 'A' || c > 'Z' || strings.HasPrefix(name, "CRM_meta_") {
			name = "OCF_RESKEY_" + name
		}
		list = append(list, name+"="+value)
	}
	return list
}

const reasonPrefix = "ocf-exit-reason:"

// Ways to call an agent that are not the names of actions. A monitor without an
// interval is a probe.
const (
	monitor = "monitor" // recurring
	probe   = "probe"
)

// called is how a call of an agent ended.
type called struct {
	code     int
	reason   string // the exit reason that Pacemaker would show
	returned time.Time
}

// call runs the agent in the node's network as user ("" is root), under the
// command in wrap, if any.
func (n *network) call(t *testing.T, s side, action string, v vars, user string, wrap ...string) called {
	t.Helper()
	switch action {
	case monitor:
		v = v.with(vars{"CRM_meta_interval": "1000"})
	case probe:
		action = "monitor"
	}
	args := append(wrap, s.program(), action)
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = vars{"HA_RSCTMP": n.rundir}.with(v).environment()
	if user != "" {
		const nobody = 65534
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	// A file and no pipe: what IPaddr2 leaves in the background keeps it open.
	output, err := os.CreateTemp("", "compare")
	if err != nil {
		t.Fatal(err)
	}
	defer output.Close()
	cmd.Stdout, cmd.Stderr = output, output
	n.node.Do(func() { err = cmd.Run() })
	c := called{returned: time.Now()}
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s %s: %v", s, action, err)
	}
	if c.code = cmd.ProcessState.ExitCode(); c.code < 0 {
		t.Fatalf("%s %s: %v", s, action, err)
	}
	text, err := os.ReadFile(output.Name())
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if reason, ok := strings.CutPrefix(line, reasonPrefix); ok {
			c.reason = n.plain(strings.TrimSpace(reason))
		}
	}
	return c
}
