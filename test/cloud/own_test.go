package cloud

import (
	"context"
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/vmha/recovery"
)

// kinds of objects that are changed, by the first word of their calls.
const (
	host      = "host"
	machine   = "vm"
	datastore = "datastore"
)

// nameOf asks for the name of an object, "" when there is none.
func (s *site) nameOf(t *testing.T, kind string, id int) string {
	t.Helper()
	r := s.call(t, "one."+kind+".info", id)
	if !r.ok {
		return ""
	}
	var object struct {
		Name string `xml:"NAME"`
	}
	if err := xml.Unmarshal([]byte(r.value), &object); err != nil {
		t.Fatal(err)
	}
	return object.Name
}

// mine refuses what is not of this test: an object that somebody else has made.
func (s *site) mine(t *testing.T, kind string, id int) error {
	t.Helper()
	if name := s.nameOf(t, kind, id); !strings.HasPrefix(name, s.run) {
		return fmt.Errorf("%s %d (%s) is not changed: its name does not begin with %s", kind, id, name, s.run)
	}
	return nil
}

// change makes a call that changes an object of this test.
func (s *site) change(t *testing.T, kind string, id int, method string, params ...any) reply {
	t.Helper()
	if err := s.mine(t, kind, id); err != nil {
		t.Fatalf("%s: %v", method, err)
	}
	return s.call(t, method, params...)
}

// made is the ID of something that a call was to make, which is deleted in the end.
func (s *site) made(t *testing.T, kind string, r reply) int {
	t.Helper()
	id, err := strconv.Atoi(r.value)
	if !r.ok || err != nil {
		t.Fatalf("make a %s: code %d, %s", kind, r.code, r.value)
	}
	t.Cleanup(func() { s.remove(t, kind, id) })
	return id
}

// remove deletes an object of this test. A host with machines that are on their way
// out cannot go at once.
func (s *site) remove(t *testing.T, kind string, id int) {
	if s.mine(t, kind, id) != nil {
		return // gone by now
	}
	if kind == machine {
		s.change(t, machine, id, "one.vm.recover", id, int(recovery.Delete))
		gone := func() bool { state, _ := s.state(t, id); return state == done }
		if !s.eventually(gone, time.Minute) { // the driver does not clean up
			s.change(t, machine, id, "one.vm.recover", id, int(recovery.DeleteDB))
			s.await(t, fmt.Sprintf("virtual machine %d is DONE", id), gone)
		}
		return
	}
	var last reply
	if !s.eventually(func() bool { last = s.change(t, kind, id, "one."+kind+".delete", id); return last.ok }, time.Minute) {
		t.Errorf("%s %d could not be deleted: %s", kind, id, last.value)
	}
}

// State of a machine that is no more.
const done = 6

// state of a machine: STATE and LCM_STATE.
func (s *site) state(t *testing.T, id int) (state, lcm int) {
	t.Helper()
	vm := asked(t, func(ctx context.Context) (one.VM, error) { return one.AskVM(ctx, s.endpoint, s.credentials, id) })
	return vm.State, vm.LCM
}

// becomes waits until a machine is in a state of that name.
func (s *site) becomes(t *testing.T, id int, want string) {
	t.Helper()
	now := ""
	so := func() bool { now = recovery.Find(s.state(t, id)).Name; return now == want }
	if !s.eventually(so, patience) {
		t.Fatalf("virtual machine %d is in %s after %s, want %s", id, now, patience, want)
	}
}

// newHost makes a host whose machines a driver runs that only pretends to. One with a
// name in .invalid (RFC 6761) is monitored over ssh, and never answers.
func (s *site) newHost(t *testing.T, suffix string) int {
	t.Helper()
	monitoring := "dummy"
	if strings.HasSuffix(suffix, ".invalid") {
		monitoring = "kvm"
	}
	return s.made(t, host, s.call(t, "one.host.allocate", s.run+suffix, monitoring, "dummy", -1))
}

func (s *site) hostState(t *testing.T, id int) one.HostState {
	t.Helper()
	return asked(t, func(ctx context.Context) (one.HostDetail, error) {
		return one.AskHost(ctx, s.endpoint, s.credentials, id)
	}).State
}

// monitored makes a host and waits until it is MONITORED.
func (s *site) monitored(t *testing.T) int {
	t.Helper()
	id := s.newHost(t, "-host")
	if !s.eventually(func() bool { return s.hostState(t, id) == one.HostMonitored }, 90*time.Second) {
		s.cannot(t, "a host with the drivers dummy is %s: are im_mad dummy (monitord.conf) and vm_mad dummy (oned.conf) configured?", s.hostState(t, id))
	}
	return id
}

// newVM makes a machine on HOLD, without disks and network, which no scheduler finds a
// host for.
func (s *site) newVM(t *testing.T, suffix string) int {
	t.Helper()
	template := fmt.Sprintf("NAME = \"%s%s\"\nCPU = \"0.01\"\nMEMORY = \"16\"\nSCHED_REQUIREMENTS = \"NAME = \\\"%snowhere\\\"\"\n", s.run, suffix, prefix)
	id := s.made(t, machine, s.call(t, "one.vm.allocate", template, true))
	s.becomes(t, id, "HOLD")
	return id
}

// newDatastore makes a system datastore whose driver does nothing.
func (s *site) newDatastore(t *testing.T) int {
	t.Helper()
	return s.made(t, datastore, s.call(t, "one.datastore.allocate", fmt.Sprintf("NAME = \"%s-system\"\nTYPE = \"SYSTEM_DS\"\nTM_MAD = \"dummy\"\n", s.run), -1))
}

// deploy brings a machine to a host and a datastore.
func (s *site) deploy(t *testing.T, id, host, datastore int) {
	t.Helper()
	if r := s.change(t, machine, id, "one.vm.deploy", id, host, false, datastore, ""); !r.ok {
		t.Fatalf("deploy virtual machine %d: code %d, %s", id, r.code, r.value)
	}
}

// act is one.vm.action, which must succeed.
func (s *site) act(t *testing.T, name string, id int) {
	t.Helper()
	if r := s.change(t, machine, id, "one.vm.action", name, id); !r.ok {
		t.Fatalf("%s virtual machine %d: code %d, %s", name, id, r.code, r.value)
	}
}

// driver says what the dummy driver answers to an action from now on: failure, or - for
// nothing. Other actions, and this one afterwards, succeed.
func (s *site) driver(t *testing.T, action, answer string) {
	t.Helper()
	if s.actions == "" {
		s.cannot(t, "ONEHA_ONE_ACTIONS does not say where its dummy driver looks for answers")
	}
	file := filepath.Join(s.actions, action)
	if _, err := os.Lstat(file); err == nil {
		s.cannot(t, "%s is there already: it is somebody's", file)
	}
	if err := os.WriteFile(file, []byte(answer+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.Remove(file); err != nil {
			t.Error(err)
		}
	})
}
