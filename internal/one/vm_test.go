package one

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
)

// A real oned's answers to one.vm.info and one.vm.recover.
func answering(t *testing.T, name string, request *string) Endpoint {
	e := serve(t, func(c net.Conn) {
		_, _, *request = readRequest(c)
		body := read(t, name)
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	})
	e.path = "/RPC2"
	return e
}

func TestAskVM(t *testing.T) {
	var request string
	vm, err := AskVM(context.Background(), answering(t, "vm_info_prolog_stuck", &request), Credentials{session: "a:b"}, 4)
	if err != nil {
		t.Fatal(err)
	}
	if want := (VM{ID: 4, Name: "vm-prologstuck", State: 3, LCM: 1, Seq: 0, Host: "h1"}); vm != want {
		t.Errorf("%+v, want %+v", vm, want)
	}
	if !strings.Contains(request, "<methodName>one.vm.info<") || !strings.Contains(request, "<i4>4</i4>") {
		t.Error(request)
	}
	if _, err := AskVM(context.Background(), answering(t, "vm_info_prolog_stuck", &request), Credentials{}, 5); err == nil {
		t.Error("took another machine's document")
	}
	_, err = AskVM(context.Background(), answering(t, "recover_nosuchvm", &request), Credentials{}, 99)
	if refusal := (*APIError)(nil); !errors.As(err, &refusal) || refusal.Code != CodeNoExists {
		t.Errorf("%v", err)
	}
}

func TestRecoverVM(t *testing.T) {
	var request string
	if err := RecoverVM(context.Background(), answering(t, "recover_boot_success", &request), Credentials{session: "a:b"}, 3, 1); err != nil {
		t.Error(err)
	}
	if !strings.Contains(request, "<methodName>one.vm.recover<") || !strings.Contains(request, "<i4>3</i4></value></param><param><value><i4>1</i4>") {
		t.Error(request)
	}
	for name, want := range map[string]string{
		"recover_poweroff_success": "wrong state POWEROFF",
		"recover_badop":            "Wrong recovery operation code",
		"recover_nosuchvm":         "Error getting virtual machine",
	} {
		err := RecoverVM(context.Background(), answering(t, name, &request), Credentials{}, 1, 1)
		if refusal := (*APIError)(nil); !errors.As(err, &refusal) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAskWholeVM(t *testing.T) {
	var request string
	vm, err := AskWholeVM(context.Background(), answering(t, "vm_info_prolog_stuck", &request), Credentials{session: "a:b"}, 4)
	if err != nil {
		t.Fatal(err)
	}
	if len(vm.Disks) != 1 || vm.Disks[0] != (Disk{ID: 0, Target: "sda"}) {
		t.Errorf("disks: %+v", vm.Disks)
	}
	want := Stay{Seq: 0, Host: "h1", Driver: "dummy", Transfer: "dummy", Datastore: 100, Begin: 1795290236}
	if len(vm.History) != 1 || vm.History[0] != want {
		t.Errorf("history: %+v", vm.History)
	}
	if _, err := AskWholeVM(context.Background(), answering(t, "vm_info_prolog_stuck", &request), Credentials{}, 5); err == nil {
		t.Error("took another machine's document")
	}
}
