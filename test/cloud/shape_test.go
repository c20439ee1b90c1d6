package cloud

import (
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/oneha/oneha/test/fakeone"
)

// captured is an answer of a real oned 6.10.5.
func captured(t *testing.T, name string) reply {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name+".xml"))
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, name, text)
}

// free are elements whose contents are what users or drivers have put there.
var free = []string{"TEMPLATE", "USER_TEMPLATE", "MONITORING", "PCI_DEVICES", "NUMA_NODES"}

// shape is the elements of a document in their order, one path a line. Of objects of
// the same name side by side the one with the most elements stands for all: a machine
// that was never deployed has no history.
func shape(t *testing.T, document string) []string {
	t.Helper()
	type element struct {
		name  string
		lines []string
		last  string // name of the child before
	}
	stack := []*element{{}}
	for decoder := xml.NewDecoder(strings.NewReader(document)); ; {
		token, err := decoder.Token()
		if err == io.EOF {
			return stack[0].lines
		}
		if err != nil {
			t.Fatalf("%v in %.200s", err, document)
		}
		switch token := token.(type) {
		case xml.StartElement:
			stack = append(stack, &element{name: token.Name.Local})
		case xml.EndElement:
			child, parent := stack[len(stack)-1], stack[len(stack)-2]
			stack = stack[:len(stack)-1]
			lines := []string{child.name}
			for _, line := range child.lines {
				if !slices.Contains(free, child.name) {
					lines = append(lines, child.name+"/"+line)
				}
			}
			if parent.last == child.name {
				at := slices.Index(parent.lines, child.name)
				if old := parent.lines[at:]; len(old) < len(lines) {
					parent.lines = append(parent.lines[:at:at], lines...)
				}
				continue
			}
			parent.lines, parent.last = append(parent.lines, lines...), child.name
		}
	}
}

// The stand-in answers in the form of the captured oned: the same elements in the same
// order, neither more nor less.
func TestStandInHasTheCapturedShape(t *testing.T) {
	s := &site{session: fakeone.Session}
	s.pretend(t)
	s.fake.Add(fakeone.Host{ID: 1, Name: "h0", State: 3, Template: map[string]string{"ERROR": "monitoring"}}, fakeone.Host{ID: 2, Name: "empty", State: 2},
		fakeone.VM{ID: 4, Name: "vm-prologstuck", State: 3, LCM: 1, Host: 1, Template: "<DISK><DISK_ID>0</DISK_ID></DISK>", User: map[string]string{"A": "b"}},
		fakeone.VM{ID: 5, Name: "held", State: 2, Host: -1})
	for _, test := range []struct {
		capture, method string
		params          []any
	}{
		{"host_info_error", "one.host.info", []any{1}},
		{"host_info_monitored", "one.host.info", []any{2}},
		{"vm_info_prolog_stuck", "one.vm.info", []any{4}},
		{"vmpool_info_allstates", "one.vmpool.info", []any{-2, -1, -1, -1}},
		{"vmpool_info_mixed", "one.vmpool.info", []any{-2, -1, -1, -1}},
		{"vmpool_info_running", "one.vmpool.info", []any{-2, -1, -1, 3}},
		{"vm_info_prolog_stuck", "one.vmpool.infoextended", []any{-2, -1, -1, -1}},
	} {
		want, got := shape(t, captured(t, test.capture).value), shape(t, s.call(t, test.method, test.params...).value)
		if test.method == "one.vmpool.infoextended" { // a pool of whole documents (src/vm/VirtualMachinePool.cc)
			for i, line := range want {
				want[i] = "VM_POOL/" + line
			}
			want = append([]string{"VM_POOL"}, want...)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s and %s:\n%s", test.method, test.capture, firstDifference(got, want))
		}
	}
}

func firstDifference(got, want []string) string {
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			return "the stand-in has " + strings.Join(got[min(i, len(got)):min(i+3, len(got))], ", ") + "\nwhere oned has   " + strings.Join(want[min(i, len(want)):min(i+3, len(want))], ", ")
		}
	}
	return ""
}

// The answers to a recover that were captured are the stand-in's to the letter.
func TestStandInRecoversAsCaptured(t *testing.T) {
	s := &site{session: fakeone.Session}
	s.pretend(t)
	s.fake.Add(fakeone.VM{ID: 1, Name: "vm", State: 8, Host: 0}, fakeone.VM{ID: 2, Name: "vm", State: 3, LCM: 2, Host: 0})
	for _, test := range []struct {
		capture, method string
		params          []any
	}{
		{"recover_badop", "one.vm.recover", []any{1, 9}},
		{"recover_nosuchvm", "one.vm.recover", []any{99, 1}},
		{"recover_poweroff_success", "one.vm.recover", []any{1, 1}},
		{"recover_running_success", "one.vm.recover", []any{0, 1}},
		{"nomethod", "one.foo.bar", nil},
	} {
		if got, want := s.call(t, test.method, test.params...), captured(t, test.capture); got != want {
			t.Errorf("%s: %+v, captured %+v", test.capture, got, want)
		}
	}
	got, want := s.call(t, "one.vm.recover", 2, 1), captured(t, "recover_boot_success")
	if want.value = "2"; got != want { // another machine
		t.Errorf("%+v, captured %+v", got, want)
	}
}

// What was not captured has the elements that the source of release 6.10 writes
// (src/datastore/Datastore.cc, src/image/Image.cc, src/hm/Hook.cc), as far as they are
// always there.
func TestStandInHasTheShapeOfTheSource(t *testing.T) {
	s := &site{session: fakeone.Session}
	s.pretend(t)
	s.fake.Add(fakeone.Hook{ID: 0, Template: "NAME = \"a\"\nTYPE = state\nCOMMAND = \"b\"\n"})
	head := "ID UID GID UNAME GNAME NAME PERMISSIONS "
	for _, test := range []struct{ method, root, want string }{
		{"one.datastorepool.info", "DATASTORE_POOL/DATASTORE/", head + "DS_MAD TM_MAD BASE_PATH TYPE DISK_TYPE STATE CLUSTERS TOTAL_MB FREE_MB USED_MB IMAGES TEMPLATE"},
		{"one.imagepool.info", "IMAGE_POOL/IMAGE/", head + "TYPE DISK_TYPE PERSISTENT REGTIME SOURCE PATH FORMAT FS SIZE STATE PREV_STATE RUNNING_VMS CLONING_OPS CLONING_ID TARGET_SNAPSHOT DATASTORE_ID DATASTORE VMS CLONES APP_CLONES TEMPLATE SNAPSHOTS BACKUP_INCREMENTS BACKUP_DISK_IDS"},
		{"one.hookpool.info", "HOOK_POOL/HOOK/", "ID NAME TYPE TEMPLATE"},
	} {
		var got []string
		for _, line := range shape(t, s.call(t, test.method, -2, -1, -1).value) {
			if name, is := strings.CutPrefix(line, test.root); is && !strings.Contains(name, "/") {
				got = append(got, name)
			}
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s: %s, want %s", test.method, got, test.want)
		}
	}
}
