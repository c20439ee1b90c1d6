package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/test/fakeone"
)

// fakeHosts makes ssh, ps and virsh of test hypervisors, first in PATH: each prints
// what a file of its host says; a host without a directory does not answer.
func fakeHosts(t *testing.T, hosts map[string]map[string]string) {
	t.Helper()
	dir := t.TempDir()
	write := func(path, text string) {
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write("bin/ssh", `#!/bin/sh
while [ $# -gt 0 ] && [ "$1" != -- ]; do shift; done
[ $# -eq 3 ] || exit 0
host=`+dir+`/hosts/$2
[ -d "$host" ] || { echo "ssh: connect to host $2 port 22: Connection timed out" >&2; exit 255; }
HOST=$host exec sh -c "$3"
`)
	write("bin/ps", "#!/bin/sh\ncat \"${HOST:-"+dir+"/here}/processes\"\n")
	write("bin/virsh", "#!/bin/sh\nshift 2\ncase $1 in list) cat \"$HOST/list\" ;; dumpxml) cat \"$HOST/$3.xml\" ;; snapshot-list) cat \"$HOST/$4.snapshots\" ;; esac\n")
	write("here/processes", "/sbin/init\n")
	for host, files := range hosts {
		write("hosts/"+host+"/processes", "/sbin/init\n")
		write("hosts/"+host+"/list", " Id   Name   State\n----------------\n")
		for name, text := range files {
			write("hosts/"+host+"/"+name, text)
		}
	}
	t.Setenv("PATH", filepath.Join(dir, "bin")+":"+os.Getenv("PATH"))
	t.Setenv("TMPDIR", dir)
}

// afterFailover is a cloud whose oned died and was started elsewhere, with flags that
// lead to it.
func afterFailover(t *testing.T) (cloud *fakeone.Cloud, flags []string) {
	t.Helper()
	began := time.Now().Add(-3*time.Hour - 30*time.Minute).Unix()
	datastores := t.TempDir()
	for _, path := range []string{"0/17/disk.1"} {
		path = filepath.Join(datastores, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cloud = fakeone.New()
	cloud.Add(fakeone.Host{ID: 1, Name: "host1", State: 2}, fakeone.Host{ID: 2, Name: "host2", State: 2}, fakeone.Host{ID: 3, Name: "host3", State: 3, Monitored: began},
		fakeone.Image{ID: 7, Name: "backup", State: 4},
		fakeone.VM{ID: 3, Name: "proxy", State: 3, LCM: 3, Host: 1, Begin: began},
		fakeone.VM{ID: 12, Name: "web-1", State: 3, LCM: 2, Host: 1, Begin: began},
		fakeone.VM{ID: 13, Name: "web-2", State: 3, LCM: 18, Host: 1, Begin: began},
		fakeone.VM{ID: 17, Name: "db", State: 3, LCM: 8, Host: 2, Seq: 1, Begin: began, Transfer: "ssh", Past: []fakeone.Stay{{Host: 1}},
			Template: "<DISK><DISK_ID>0</DISK_ID></DISK><DISK><DISK_ID>1</DISK_ID></DISK>"},
		fakeone.VM{ID: 21, Name: "mail", State: 3, LCM: 17, Host: 2, Seq: 1, Begin: began, Detach: true, Past: []fakeone.Stay{{Host: 2, Action: 22, Begin: 1, End: began}},
			Template: "<DISK><DISK_ID>1</DISK_ID><TARGET>sda</TARGET><ATTACH>YES</ATTACH></DISK>"},
		fakeone.VM{ID: 22, Name: "files", State: 3, LCM: 39, Host: 2, Begin: began},
		fakeone.VM{ID: 30, Name: "build", State: 3, LCM: 16, Host: 3, Begin: began})
	fakeHosts(t, map[string]map[string]string{
		"host1": {"list": " Id   Name     State\n----\n 1    one-3    running\n 2    one-12   running\n"},
		"host2": {"list": " Id   Name     State\n----\n 7    one-21   running\n", "one-21.xml": "<domain><devices><disk><target dev='vda'/></disk></devices></domain>",
			"processes": "/bin/bash /var/lib/one/remotes/tm/ssh/clone fe:/x host2:/var/lib/one//datastores/0/22/disk.0 22 1\n"},
	})
	server := httptest.NewServer(cloud.Handler())
	t.Cleanup(server.Close)
	auth := filepath.Join(t.TempDir(), "one_auth")
	if err := os.WriteFile(auth, []byte(fakeone.Session+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return cloud, []string{"--endpoint", server.URL + "/RPC2", "--credentials", auth, "--datastores", datastores, "--started", "1h"}
}

// oneha runs a command line as somebody types it, with flags behind it.
func typed(flags []string, line string) (code int, out, errs string) {
	var stdout, stderr bytes.Buffer
	words := strings.Fields(line)
	if len(words) < 3 || words[1] == "recover" && words[2] != "explain" {
		words = append(words, flags...)
	}
	code = run(context.Background(), words, strings.NewReader(""), &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

const failoverGuide = "../../docs/after-a-failover.md"

// The guide is true word by word: its commands, typed one after the other, print what
// it shows.
func TestGuideAfterAFailover(t *testing.T) {
	cloud, flags := afterFailover(t)
	text, err := os.ReadFile(failoverGuide)
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(text), "```console\n")
	if len(blocks) < 6 {
		t.Fatalf("%d sessions in the guide", len(blocks)-1)
	}
	for i, block := range blocks[1:] {
		session, after, _ := strings.Cut(block, "```")
		line, want, _ := strings.Cut(session, "\n")
		code, out, errs := typed(flags, strings.TrimPrefix(line, "$ "))
		got := errs + out
		if os.Getenv("ONEHA_UPDATE") != "" {
			blocks[i+1] = line + "\n" + got + "```" + after
			continue
		}
		if got != want {
			t.Errorf("%s (exit code %d) prints\n%s\nand the guide has\n%s", line, code, got, want)
		}
	}
	if os.Getenv("ONEHA_UPDATE") != "" {
		if err := os.WriteFile(failoverGuide, []byte(strings.Join(blocks, "```console\n")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var told []string
	for _, call := range cloud.Calls("one.vm.recover") {
		told = append(told, strings.Join(call.Args, " "))
	}
	if want := []string{"12 1", "13 1", "21 0"}; !slices.Equal(told, want) {
		t.Errorf("oned was told %q, want %q", told, want)
	}
	for id, want := range map[int]string{12: "RUNNING", 13: "POWEROFF", 17: "PROLOG_MIGRATE", 21: "RUNNING", 22: "PROLOG_FAILURE", 30: "UNKNOWN"} {
		if vm, _ := cloud.VM(id); fakeone.Name(vm.State, vm.LCM) != want {
			t.Errorf("%d is in %s, want %s", id, fakeone.Name(vm.State, vm.LCM), want)
		}
	}
}

func TestGuideAfterAFailoverNamesWhatThereIs(t *testing.T) {
	text, err := os.ReadFile(failoverGuide)
	if err != nil {
		t.Fatal(err)
	}
	app := newTool(strings.NewReader(""), &bytes.Buffer{}, &bytes.Buffer{}).app()
	lines := commandLines(string(text))
	if len(lines) < 5 {
		t.Errorf("only %q", lines)
	}
	for _, line := range lines {
		if err := accepts(app, line); err != nil {
			t.Error(err)
		}
	}
}

// Nothing is safe while nobody asked the hypervisors, and it says so.
func TestRecoverWithoutHypervisors(t *testing.T) {
	cloud, flags := afterFailover(t)
	code, out, _ := typed(flags, "oneha recover --apply --yes")
	if code != exitFindings || !strings.Contains(out, "because the hypervisors were not asked: oneha recover --ssh") || len(cloud.Calls("one.vm.recover")) != 0 {
		t.Errorf("%d %s", code, out)
	}
	if n := len(cloud.Calls()); n != 3 { // the place in Raft is asked of the fake below this one
		t.Errorf("%d calls: %v", n, cloud.Calls())
	}
}

// --json has all of it, and --vm only some.
func TestRecoverJSON(t *testing.T) {
	_, flags := afterFailover(t)
	code, out, errs := typed(flags, "oneha recover --ssh --json --vm 12,17 --vm 99")
	var r recoverReport
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err, out, errs)
	}
	if code != exitFindings || r.Version != 1 || !r.Asked || r.Total != 7 || len(r.Machines) != 2 || !slices.Equal(r.Missing, []int{99}) {
		t.Errorf("%d %+v", code, r)
	}
	if m := r.Machines[0]; m.ID != 12 || m.Verdict != "safe" || !slices.Equal(m.Choices, []string{"success"}) || !slices.Contains(m.Found, "its domain runs there") {
		t.Errorf("%+v", m)
	}
	if m := r.Machines[1]; m.ID != 17 || m.Verdict != "ask" || m.Refused["retry"] == "" {
		t.Errorf("%+v", m)
	}
}

// On a terminal a person agrees first; what they were not shown is not done.
func TestRecoverAsks(t *testing.T) {
	for answer, want := range map[string]int{"yes\n": 3, "y\n": 0, "": 0} {
		cloud, flags := afterFailover(t)
		var stdout, stderr bytes.Buffer
		tl := newTool(strings.NewReader(answer), &stdout, &stderr)
		tl.asks = true
		code := tl.run(context.Background(), append([]string{"oneha", "recover", "--ssh", "--apply"}, flags...))
		if got := len(cloud.Calls("one.vm.recover")); got != want || code != exitFindings {
			t.Errorf("%q: %d answers, exit code %d: %s", answer, got, code, &stderr)
		}
		if !strings.Contains(stderr.String(), "oned will be given 3 answers, those that are safe. Type yes to go on: ") || !strings.Contains(stderr.String(), "web-1") {
			t.Errorf("%q: %s", answer, &stderr)
		}
	}
}

func TestRecoverUsage(t *testing.T) {
	_, flags := afterFailover(t)
	for line, want := range map[string]string{
		"oneha recover --apply":                 "there is no terminal to ask on: use --yes",
		"oneha recover --apply --watch":         "use one of the two",
		"oneha recover --yes":                   "--yes is for --apply",
		"oneha recover --vm web":                `"web" is no ID of a virtual machine`,
		"oneha recover --started soon":          "use auto, none, or how long ago",
		"oneha recover --endpoint ftp://x/RPC2": "--endpoint",
	} {
		words := flags
		if strings.Contains(line, "--started") {
			words = flags[:len(flags)-2]
		}
		if strings.Contains(line, "--endpoint") {
			words = flags[2:]
		}
		if code, _, errs := typed(words, line); code != exitTrouble || !strings.Contains(errs, want) {
			t.Errorf("%s: %d %s", line, code, errs)
		}
	}
}

// What oned says about itself leads to what to do.
func TestRecoverErrorsSayWhatToDo(t *testing.T) {
	cloud, flags := afterFailover(t)
	cloud.Break("one.hostpool.info", func(int) fakeone.Fault { return fakeone.Fault{Code: 0x2000, Message: "no leader found"} })
	if code, _, errs := typed(flags, "oneha recover"); code != exitFindings || !strings.Contains(errs, "a zone without a leader answers so: oneha raft status") {
		t.Errorf("%d %s", code, errs)
	}
	wrong := slices.Clone(flags)
	wrong[3] = filepath.Join(t.TempDir(), "one_auth")
	if err := os.WriteFile(wrong[3], []byte("oneadmin:another\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := typed(wrong, "oneha recover"); code != exitFindings || !strings.Contains(errs, "see that --credentials names the file of oneadmin") {
		t.Errorf("%d %s", code, errs)
	}
	wrong = slices.Clone(flags)
	wrong[1] = "http://127.0.0.1:1/RPC2"
	if code, _, errs := typed(wrong, "oneha recover"); code != exitFindings || !strings.Contains(errs, "that of the floating IP") {
		t.Errorf("%d %s", code, errs)
	}
}

// Away from a terminal a watch prints what changes, and ends when told.
func TestRecoverWatch(t *testing.T) {
	cloud, flags := afterFailover(t)
	var out syncBuffer
	var errs bytes.Buffer
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan int)
	go func() {
		done <- run(ctx, append([]string{"oneha", "recover", "--watch=0.5"}, flags...), strings.NewReader(""), &out, &errs)
	}()
	out.await(t, "7 virtual machines; 6 waited")
	cloud.Add(fakeone.VM{ID: 12, Name: "web-1", State: 3, LCM: 3, Host: 1})
	out.await(t, "7 virtual machines; 5 waited")
	cancel()
	if code := <-done; code != exitFindings {
		t.Errorf("exit code %d: %s", code, &errs)
	}
}

func TestOnedStarted(t *testing.T) {
	proc := t.TempDir()
	for path, text := range map[string]string{
		"stat":     "cpu 1 2\nbtime 1700000000\nprocesses 3\n",
		"10/stat":  "10 (oned) S 1 10 10 0 -1 4194560 1 0 0 0 1 1 0 0 20 0 9 0 500 1 1 18\n",
		"11/stat":  "11 (a) oned) S 1 10 10 0 -1 4194560 1 0 0 0 1 1 0 0 20 0 9 0 900 1 1 18\n",
		"12/stat":  "12 (oned) S\n",
		"199/stat": "199 (onemonitord) S 1 10 10 0 -1 4194560 1 0 0 0 1 1 0 0 20 0 9 0 700 1 1 18\n",
	} {
		path = filepath.Join(proc, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	at, err := onedStarted(proc)
	if err != nil || !at.Equal(time.Unix(1700000005, 0)) {
		t.Errorf("%v %v", at, err)
	}
	if err := os.RemoveAll(filepath.Join(proc, "10")); err != nil {
		t.Fatal(err)
	}
	if _, err := onedStarted(proc); err == nil || !strings.Contains(err.Error(), "no oned runs on this machine") {
		t.Errorf("%v", err)
	}
}

// No line is wider than the terminal, whatever things are called.
func TestRecoverTableIsNarrow(t *testing.T) {
	cloud, flags := afterFailover(t)
	cloud.Add(fakeone.VM{ID: 1234567, Name: strings.Repeat("long-name", 9), State: 3, LCM: 61, Host: 1})
	_, out, _ := typed(flags, "oneha recover --ssh --verbose")
	for line := range strings.Lines(out) {
		if n := len(strings.TrimRight(line, "\n")); n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	if !strings.Contains(out, fmt.Sprint(1234567)) {
		t.Error(out)
	}
}
