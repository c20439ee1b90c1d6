package hypervisor

import (
	"strconv"
	"strings"
	"testing"
)

// Whom processes work on is told by their own command lines; a running domain is no worker.
func FuzzAtWork(f *testing.F) {
	for _, line := range []string{
		"/usr/bin/qemu-img convert -O raw /var/lib/one/datastores/0/42/disk.0 /tmp/x",
		"/usr/bin/qemu-system-x86_64 -name guest=one-7,debug-threads=on -S -drive file=/var/lib/one/datastores/0/7/disk.0",
		"rbd rm one/one-7-42-0\n/bin/sh /var/lib/one/vms/12/transfer.0.prolog\nlvremove /dev/vg-one-0/lv-one-42-0",
		"qemu-kvm -name one-99999999999999999999 -uuid x\nvirsh destroy one-3\nswtpm socket",
		"//vms/-1/ 0/0/0 one-",
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, text string) {
		processes := strings.Split(text, "\n")
		for id, line := range AtWork(processes) {
			if id < 0 || isDomain(line) || !strings.Contains(text, line) || !strings.ContainsAny(line, "0123456789") {
				t.Errorf("%q works on %d", line, id)
			}
		}
		for name := range guests(processes) {
			if name == "" || strings.ContainsAny(name, " ,") {
				t.Errorf("a guest %q", name)
			}
		}
		// One that names a machine in any of the usual ways is found.
		const id = 4711
		for _, more := range []string{"cp /var/lib/one/datastores/0/4711/disk.0 x", "virsh undefine one-4711"} {
			if found := AtWork(append(processes[:len(processes):len(processes)], more)); found[id] == "" {
				t.Errorf("behind %q nothing works on %s", text, strconv.Itoa(id))
			}
		}
	})
}
