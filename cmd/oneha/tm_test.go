package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/vmha/recovery"
)

// fakeVM answers one.vm.info and one.vm.recover for one virtual machine. It is not
// oned: what recover does is the table of package recovery.
type fakeVM struct {
	mu    sync.Mutex
	id    int
	state recovery.State
	told  []recovery.Choice
}

func (f *fakeVM) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	answer := func(ok int, value string, code int) {
		fmt.Fprintf(w, `<?xml version="1.0"?><methodResponse><params><param><value><array><data><value><boolean>%d</boolean></value><value>%s</value><value><i4>%d</i4></value></data></array></value></param></params></methodResponse>`, ok, value, code)
	}
	switch text := string(body); {
	case strings.Contains(text, "one.vm.info"):
		answer(1, fmt.Sprintf("<string>&lt;VM&gt;&lt;ID&gt;%d&lt;/ID&gt;&lt;NAME&gt;web&lt;/NAME&gt;&lt;STATE&gt;%d&lt;/STATE&gt;&lt;LCM_STATE&gt;%d&lt;/LCM_STATE&gt;&lt;HISTORY_RECORDS&gt;&lt;HISTORY&gt;&lt;SEQ&gt;3&lt;/SEQ&gt;&lt;HOSTNAME&gt;haddock&lt;/HOSTNAME&gt;&lt;/HISTORY&gt;&lt;/HISTORY_RECORDS&gt;&lt;/VM&gt;</string>",
			f.id, f.state.State, f.state.LCM), 0)
	case strings.Contains(text, "one.vm.recover") && strings.Contains(text, "<i4>1</i4>"):
		f.told = append(f.told, recovery.Success)
		f.state = recovery.Named(f.state.Outcome(recovery.Success).To)[0]
		answer(1, fmt.Sprintf("<i4>%d</i4>", f.id), 0)
	default:
		answer(0, "<string>not asked for</string>", 4096)
	}
}

// transferOf makes a directory like /var/lib/one with the transfer file of a virtual
// machine, whose first action fails until a file is there; the flags lead to it.
func transferOf(t *testing.T, f *fakeVM, suffix string) (dir string, flags []string) {
	t.Helper()
	dir = t.TempDir()
	write := func(name, text string, mode os.FileMode) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	write(fmt.Sprintf("vms/%d/transfer.3.%s", f.id, suffix), "MV shared haddock:/var/lib/one//datastores/0/2/disk.0 localhost:/var/lib/one//datastores/0/2/disk.0 2 1\n"+
		"MV shared haddock:/var/lib/one//datastores/0/2 localhost:/var/lib/one//datastores/0/2 2 0\n", 0o600)
	write("remotes/tm/shared/mv", "#!/bin/sh\n[ -e "+dir+"/mended ]\n", 0o755)
	write("one_auth", "oneadmin:a-fake-needs-no-secret\n", 0o600)
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	return dir, []string{"--var", dir, "--endpoint", server.URL + "/RPC2", "--credentials", filepath.Join(dir, "one_auth")}
}

// The session of OpenNebula's guide, typed into oneha: the first action fails, is
// mended outside and run again, then the second.
func TestTMDebugBesideTheGuide(t *testing.T) {
	f := &fakeVM{id: 2, state: recovery.Named("PROLOG_UNDEPLOY_FAILURE")[0]}
	dir, flags := transferOf(t, f, "resume")
	in, keys := io.Pipe()
	var out syncBuffer
	done := make(chan int)
	var errs bytes.Buffer
	go func() {
		done <- run(context.Background(), append([]string{"oneha", "tm", "debug", "2", "--success"}, flags...), in, &out, &errs)
	}()
	fmt.Fprintln(keys, "r")
	out.await(t, "FAILURE. Repeat command.")
	if err := os.WriteFile(filepath.Join(dir, "mended"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(keys, "r")
	out.await(t, "Current action (2):")
	fmt.Fprintln(keys, "r")
	if code := <-done; code != exitOK {
		t.Fatalf("exit code %d: %s", code, &errs)
	}
	keys.Close()
	const menu = "Choose action:\n(r) Run action\n(n) Skip to next action\n(a) Show all actions\n(q) Quit\n> \n"
	const first = "MV shared haddock:/var/lib/one//datastores/0/2/disk.0 localhost:/var/lib/one//datastores/0/2/disk.0 2 1\n"
	const second = "MV shared haddock:/var/lib/one//datastores/0/2 localhost:/var/lib/one//datastores/0/2 2 0\n"
	want := "TM Debug Interactive Environment.\n\nTM Action list:\n(1) " + first + "(2) " + second + "\n" +
		"Current action (1):\n" + first + "\n" + menu +
		"LOG I  Command execution fail: " + dir + "/remotes/tm/shared/mv " + strings.TrimPrefix(first, "MV shared ") + "LOG I  ExitCode: 1\n\nFAILURE. Repeat command.\n\n" +
		"Current action (1):\n" + first + "\n" + menu + "SUCCESS\n\n" +
		"Current action (2):\n" + second + "\n" + menu + "SUCCESS\n\n" +
		"All the TM actions have been successful or were skipped; oned was told, and the\nVirtual Machine is in BOOT_UNDEPLOY.\n"
	if got := out.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if len(f.told) != 1 {
		t.Errorf("told oned %v", f.told)
	}
}

// What is no choice runs nothing and leaves the menu where it is.
func TestTMDebugHelps(t *testing.T) {
	f := &fakeVM{id: 2, state: recovery.Named("PROLOG_UNDEPLOY_FAILURE")[0]}
	dir, flags := transferOf(t, f, "resume")
	var out, errs bytes.Buffer
	code := run(context.Background(), append([]string{"oneha", "tm", "debug", "2"}, flags...), strings.NewReader("?\n\nx\nq\n"), &out, &errs)
	text := out.String()
	if code != exitFindings || strings.Count(text, "Current action (1):") != 1 || strings.Count(text, "> ") != 4 ||
		!strings.Contains(text, "(n) counts it as done") || !strings.Contains(text, "\n"+dir+"/vms/2/transfer.3.resume.oneha.log\n") || !strings.Contains(text, "\"x\" is none of r, n, a and q") {
		t.Errorf("%d %s %s", code, text, &errs)
	}
}

// oned is told only when it was asked for, once, and never when the machine has
// meanwhile left the state.
func TestTMTellsOned(t *testing.T) {
	f := &fakeVM{id: 2, state: recovery.Named("EPILOG_FAILURE")[0]}
	dir, flags := transferOf(t, f, "epilog")
	if err := os.WriteFile(filepath.Join(dir, "mended"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	oneha := func(args ...string) (int, string, string) {
		var out, errs bytes.Buffer
		code := run(context.Background(), append(append([]string{"oneha", "tm"}, args...), flags...), strings.NewReader(""), &out, &errs)
		return code, out.String(), errs.String()
	}
	if code, out, errs := oneha("resume", "2"); code != exitOK || !strings.Contains(out, "what follows is DONE: whether its persistent disks were brought back or not:\n$ onevm recover 2 --success") || len(f.told) != 0 {
		t.Errorf("%d %s %s %v", code, out, errs, f.told)
	}
	if code, out, errs := oneha("resume", "2", "--success", "--json"); code != exitOK || !strings.Contains(out, `"state": "DONE"`) || len(f.told) != 1 {
		t.Errorf("%d %s %s %v", code, out, errs, f.told)
	}
	if code, _, errs := oneha("resume", "2", "--success"); code != exitFindings || !strings.Contains(errs, "is in DONE, which has no transfer to do again") || len(f.told) != 1 {
		t.Errorf("%d %s %v", code, errs, f.told)
	}
	if code, _, errs := oneha("list", "3"); code != exitFindings || !strings.Contains(errs, "the answer is about another one") {
		t.Errorf("%d %s", code, errs)
	}
}

// What oned wrote anew, or drives again, is not run from what was read before.
func TestTMNoticesWhatChanges(t *testing.T) {
	for name, change := range map[string]func(t *testing.T, f *fakeVM, dir string){
		"anew in the meantime": func(t *testing.T, _ *fakeVM, dir string) {
			if err := os.WriteFile(filepath.Join(dir, "vms/2/transfer.3.resume"), []byte("LN shared a b 2 1\nLN shared a b 2 1\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"is in PROLOG_UNDEPLOY by now": func(_ *testing.T, f *fakeVM, _ string) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.state = recovery.Named("PROLOG_UNDEPLOY")[0]
		},
	} {
		f := &fakeVM{id: 2, state: recovery.Named("PROLOG_UNDEPLOY_FAILURE")[0]}
		dir, flags := transferOf(t, f, "resume")
		in, keys := io.Pipe()
		var out, errs syncBuffer
		done := make(chan int)
		go func() {
			done <- run(context.Background(), append([]string{"oneha", "tm", "debug", "2"}, flags...), in, &out, &errs)
		}()
		out.await(t, "Current action (1):")
		change(t, f, dir)
		fmt.Fprintln(keys, "r")
		if code := <-done; code != exitFindings || !strings.Contains(errs.String(), name) {
			t.Errorf("%s: %d %s", name, code, errs.String())
		}
		keys.Close()
		if text, err := os.ReadFile(filepath.Join(dir, "vms/2/transfer.3.resume.oneha.log")); err != nil || len(text) > 0 {
			t.Errorf("%s: something was run: %s %v", name, text, err)
		}
	}
}

// A look does not wait for whoever works on it, and leaves nothing behind.
func TestTMListOnlyLooks(t *testing.T) {
	f := &fakeVM{id: 2, state: recovery.Named("PROLOG_UNDEPLOY_FAILURE")[0]}
	dir, flags := transferOf(t, f, "resume")
	list := func() (int, string) {
		var out, errs bytes.Buffer
		code := run(context.Background(), append([]string{"oneha", "tm", "list", "2"}, flags...), strings.NewReader(""), &out, &errs)
		return code, out.String() + errs.String()
	}
	if code, text := list(); code != exitOK || !strings.Contains(text, "(1) open") {
		t.Errorf("%d %s", code, text)
	}
	if names, err := filepath.Glob(filepath.Join(dir, "vms/2/*")); err != nil || len(names) != 1 {
		t.Errorf("%q %v", names, err)
	}
	in, keys := io.Pipe()
	var out syncBuffer
	done := make(chan int)
	go func() {
		done <- run(context.Background(), append([]string{"oneha", "tm", "debug", "2"}, flags...), in, &out, io.Discard)
	}()
	fmt.Fprintln(keys, "n")
	out.await(t, "Current action (2):")
	if code, text := list(); code != exitOK || !strings.Contains(text, "(1) skipped") {
		t.Errorf("%d %s", code, text)
	}
	keys.Close()
	if code := <-done; code != exitFindings {
		t.Errorf("exit code %d", code)
	}
}

// syncBuffer is a buffer that one side writes and the other waits for.
type syncBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func (b *syncBuffer) await(t *testing.T, text string) {
	t.Helper()
	for limit := time.Now().Add(time.Minute); time.Now().Before(limit); time.Sleep(5 * time.Millisecond) {
		if strings.Contains(b.String(), text) {
			return
		}
	}
	t.Fatalf("never printed %q:\n%s", text, b)
}
