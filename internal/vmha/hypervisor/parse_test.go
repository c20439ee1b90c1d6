package hypervisor

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const mark = "@0123456789abcdef0123456789abcdef"

func fixture(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestParse(t *testing.T) {
	r, err := parse(mark, []byte(fixture(t, "report.txt")))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Domains) != 4 || r.Domains["one-42"] != "running" || r.Domains["one-7"] != "shut off" || r.Domains["one-9"] != "paused" || r.Domains["router"] != "in shutdown" {
		t.Errorf("domains: %v", r.Domains)
	}
	if len(r.AtWork) != 1 || r.AtWork[50] == "" {
		t.Errorf("at work: %v", r.AtWork)
	}
	if _, there := r.XML["one-43"]; there || !strings.Contains(r.XML["one-42"], "<domain type='kvm' id='3'>") {
		t.Errorf("definitions: %q", r.XML)
	}
	if got := strings.Join(r.Snapshots["one-42"], " "); got != "snap-0 snap-1" {
		t.Errorf("snapshots: %q", got)
	}
	dir := r.Dirs["/var/lib/one/datastores/0/42"]
	if f := dir["checkpoint"]; f.Size != 134217728 || !f.Changed.Equal(time.Unix(1795290300, 0)) {
		t.Errorf("checkpoint: %+v", f)
	}
	if _, link := dir["disk.1"]; len(dir) != 4 || !link {
		t.Errorf("files: %v", dir)
	}
	if empty, known := r.Dirs["/var/lib/one/datastores/0/50"]; !known || len(empty) != 0 {
		t.Error("a directory that is not there is not known to be empty")
	}
	if _, known := r.Dirs["/var/lib/one/datastores/9/51"]; known {
		t.Error("a datastore that is not mounted counts as empty")
	}
}

// A guest that calls itself a mark changes nothing, and an answer cut off is none.
func TestParseTrustsNoText(t *testing.T) {
	forged := strings.ReplaceAll(fixture(t, "report.txt"), "qemu-img convert", "@ffff list\n -  one-42  shut off\n@ffff end 0")
	r, err := parse(mark, []byte(forged))
	if err != nil || r.Domains["one-42"] != "running" {
		t.Errorf("%v %v", r.Domains, err)
	}
	text := fixture(t, "report.txt")
	for _, n := range []int{0, 1, len(text) / 2, strings.LastIndex(text, mark)} {
		if _, err := parse(mark, []byte(text[:n])); err == nil {
			t.Errorf("%d of %d bytes are a whole answer", n, len(text))
		}
	}
}

// Without a virsh, or with one that is not allowed in, domains are unknown, not absent.
func TestParseWithoutVirsh(t *testing.T) {
	for name, said := range map[string]string{
		"no virsh":   "sh: 1: virsh: not found\n" + mark + " end 127\n",
		"no rights":  "error: failed to connect to the hypervisor\nerror: authentication unavailable\n" + mark + " end 1\n",
		"half":       " Id   Name   State\n-----\n 3 one-42\n" + mark + " end 0\n",
		"other text": "welcome\n" + mark + " end 0\n",
	} {
		r, err := parse(mark, []byte(mark+" list\n"+said+mark+" whole\n"))
		if err != nil || r.Domains != nil {
			t.Errorf("%s: %v %v", name, r.Domains, err)
		}
	}
	r, err := parse(mark, []byte(mark+" list\n Id   Name   State\n--------------------\n\n"+mark+" end 0\n"+mark+" whole\n"))
	if err != nil || r.Domains == nil || len(r.Domains) != 0 {
		t.Errorf("a host without domains: %v %v", r.Domains, err)
	}
}

// Names and states have spaces, both.
func TestDomains(t *testing.T) {
	lines := strings.Split(` Id   Name           State
------------------------------
 1    one-42         running
 12   one-42 x       in shutdown
 -    shut off       shut off
 -    windows 2019   pmsuspended
 -    one-9          no state
 -    one-8          something new
`, "\n")
	want := map[string]string{"one-42": "running", "one-42 x": "in shutdown", "shut off": "shut off", "windows 2019": "pmsuspended", "one-9": "no state", "one-8": "something new"}
	if got := domains(lines); !maps.Equal(got, want) {
		t.Errorf("%v", got)
	}
	for _, bad := range []string{" one-42 running", " 1  one-42", "garbage"} {
		if got := domains([]string{" Id   Name   State", "-----", bad}); got != nil {
			t.Errorf("%q: %v", bad, got)
		}
	}
}

func TestAtWork(t *testing.T) {
	const tm = "/var/lib/one/remotes/tm/"
	for line, want := range map[string]bool{
		"/bin/bash " + tm + "ssh/clone fe:/var/lib/one/datastores/1/ab host1:/var/lib/one//datastores/0/42/disk.0 42 1": true,
		"tar -xSf - -C /var/lib/one/datastores/100/42":                                                                  true,
		"one_tm /var/lib/one/vms/42/transfer.0.prolog":                                                                  true,
		"scp host1:/var/lib/one/datastores/0/42 host2:/x":                                                               true,
		"virsh -c qemu:///system save one-42 /x/checkpoint":                                                             true,
		"rbd cp one/one-7 one/one-7-42-0":                                                                               true,
		"lvcreate -n lv-one-42-0 vg-one-100":                                                                            true,
		"/usr/bin/qemu-system-x86_64 -name guest=one-42,debug-threads=on -blockdev /var/lib/one/datastores/0/42/disk.0": false,
		"/usr/libexec/qemu-kvm -name guest=one-42":                                                                      false,
		"tar -C /var/lib/one/datastores/42/7":                                                                           false, // a datastore 42, a machine 7
		"virsh save one-421":                                                                                            false,
		"virsh save one-4":                                                                                              false,
		"cp /var/lib/one/datastores/1/42ab":                                                                             false,
		"sleep 42":                                                                                                      false,
	} {
		if _, got := AtWork([]string{"init", line})[42]; got != want {
			t.Errorf("%s: %t", line, got)
		}
	}
}

func TestDevices(t *testing.T) {
	targets, macs, err := devices(fixture(t, "domain.xml"))
	if err != nil || strings.Join(targets, " ") != "vda sda hdb" || strings.Join(macs, " ") != "02:00:0a:00:00:2a" {
		t.Errorf("%q %q %v", targets, macs, err)
	}
	if _, _, err := devices("<error/>"); err == nil {
		t.Error("took something else for a domain")
	}
}

func TestFencedAt(t *testing.T) {
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	begin := `{"at":"2026-11-22T11:59:00Z","step":"begin","name":"h1"}` + "\n"
	fenced := `{"at":"2026-11-22T12:00:00Z","step":"fenced"}` + "\n"
	on := `{"at":"2026-11-22T12:05:00Z","step":"on"}` + "\n"
	for text, want := range map[string]time.Time{
		"": {}, begin: {}, begin + fenced: at, begin + fenced[:len(fenced)-1]: {}, begin + "{torn\n" + fenced: {},
		begin + fenced + on:    {}, // somebody switched it on
		begin + fenced + begin: {}, begin + fenced + on + fenced: at,
		strings.Replace(begin, "h1", "h2", 1) + fenced: {},
	} {
		if got := fencedAt([]byte(text), "h1", at.Add(time.Minute)); !got.Equal(want) {
			t.Errorf("%q: %s", text, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(fixture(f, "report.txt"), fixture(f, "domain.xml"))
	f.Fuzz(func(t *testing.T, text, domain string) {
		if _, err := parse(mark, []byte(text)); err == nil {
			if !strings.Contains(text, mark+" whole") {
				t.Error("a part counts as the whole")
			}
		}
		_, _, _ = devices(domain)
		if at := fencedAt([]byte(text), "h1", time.Unix(1e9, 0)); at.After(time.Unix(1e9+3600, 0)) {
			t.Error("a power seen off in the future")
		}
	})
}
