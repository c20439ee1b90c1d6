package fakeone

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	api "github.com/oneha/oneha/internal/one"
)

// What a test puts into the process it finds again, changed by the calls that are in the
// list; another scene begins another list.
func TestServer(t *testing.T) {
	calls := filepath.Join(t.TempDir(), "calls")
	s, err := NewServer(calls)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, l) }()
	url := "http://" + l.Addr().String()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	put := func(scene Scene) {
		t.Helper()
		text, err := json.Marshal(scene)
		if err != nil {
			t.Fatal(err)
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodPut, url+ScenePath, bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			t.Error(answer.Status)
		}
	}
	put(Scene{Hosts: []Host{{ID: 4, Name: "kvm4", State: 3}}, VMs: []VM{{ID: 7, State: 3, LCM: 16, Host: 4}}})

	auth := filepath.Join(t.TempDir(), "one_auth")
	if err := os.WriteFile(auth, []byte(Session+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	credentials, err := api.ReadCredentials(auth)
	if err != nil {
		t.Fatal(err)
	}
	endpoint, err := api.ParseEndpoint(url + "/RPC2")
	if err != nil {
		t.Fatal(err)
	}
	if err := api.Resched(ctx, endpoint, credentials, 7); err != nil {
		t.Fatal(err)
	}
	answer, err := client.Get(url + ScenePath)
	if err != nil {
		t.Fatal(err)
	}
	var now Scene
	err = json.NewDecoder(answer.Body).Decode(&now)
	answer.Body.Close()
	if err != nil || len(now.VMs) != 1 || !now.VMs[0].Resched || len(now.VMs[0].Changed) != 1 || len(now.Hosts) != 1 || now.Hosts[0].Name != "kvm4" {
		t.Errorf("%v %+v", err, now)
	}
	list := func() []string {
		text, err := os.ReadFile(calls)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Split(strings.TrimSpace(string(text)), "\n")
	}
	var call Call
	if got := list(); len(got) != 1 || json.Unmarshal([]byte(got[0]), &call) != nil || call.Method != "one.vm.action" || call.At.IsZero() {
		t.Errorf("%q", got)
	}
	put(Scene{})
	if got := list(); len(got) != 1 || got[0] != "" {
		t.Errorf("the list of the scene before is there: %q", got)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
