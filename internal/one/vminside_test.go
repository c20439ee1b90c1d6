package one

import (
	"context"
	"encoding/xml"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const insides = `<VM_POOL><VM><ID>7</ID><NAME>a</NAME><STATE>3</STATE><LCM_STATE>17</LCM_STATE><TEMPLATE>` +
	`<DISK><ATTACH>YES</ATTACH><DISK_ID>1</DISK_ID><TARGET>vdb</TARGET></DISK><DISK><DISK_ID>0</DISK_ID><TARGET>vda</TARGET></DISK>` +
	`<NIC><MAC>02:00:00:00:00:01</MAC><NIC_ID>0</NIC_ID></NIC><NIC_ALIAS><NIC_ID>1</NIC_ID><ATTACH>YES</ATTACH></NIC_ALIAS>` +
	`<PCI><TYPE>NIC</TYPE><NIC_ID>2</NIC_ID><MAC>02:00:00:00:00:02</MAC></PCI>` +
	`<SNAPSHOT><SNAPSHOT_ID>3</SNAPSHOT_ID><HYPERVISOR_ID>snap-3</HYPERVISOR_ID><ACTIVE>YES</ACTIVE><ACTION>DELETE</ACTION></SNAPSHOT>` +
	`<CONTEXT><DISK_ID>9</DISK_ID></CONTEXT></TEMPLATE><USER_TEMPLATE><DISK><DISK_ID>8</DISK_ID></DISK></USER_TEMPLATE>` +
	`<HISTORY_RECORDS><HISTORY><OID>7</OID><SEQ>4</SEQ><HOSTNAME>h4</HOSTNAME><HID>4</HID><STIME>100</STIME><ETIME>0</ETIME><VM_MAD>kvm</VM_MAD><TM_MAD>ssh</TM_MAD>` +
	`<DS_ID>101</DS_ID><RSTIME>150</RSTIME><ACTION>2</ACTION></HISTORY></HISTORY_RECORDS></VM>` +
	`<VM><ID>8</ID><NAME>b</NAME><STATE>1</STATE><LCM_STATE>0</LCM_STATE><TEMPLATE><DISK><DISK_ID>0</DISK_ID></DISK></TEMPLATE><HISTORY_RECORDS/></VM></VM_POOL>`

// What the pool is read for in passing is what a whole document says.
func TestEachWholeVM(t *testing.T) {
	var got []WholeVM
	err := EachWholeVM(context.Background(), poolServer(t, insides), Credentials{session: "u:p"}, func(vm PoolVM, whole WholeVM) {
		if vm.ID != whole.ID {
			t.Errorf("%d is inside %d", whole.ID, vm.ID)
		}
		got = append(got, whole)
	})
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		VMs []WholeVM `xml:"VM"`
	}
	if err := xml.Unmarshal([]byte(insides), &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.VMs, got); diff != "" {
		t.Error(diff)
	}
	if len(got) != 2 || len(got[0].Disks) != 2 || got[0].Snapshots[0].Action != "DELETE" || got[0].History[0].Begin != 100 {
		t.Errorf("%+v", got)
	}
}

const accounting = `<HISTORY_RECORDS><HISTORY><OID>7</OID><SEQ>3</SEQ><HOSTNAME>h3</HOSTNAME><HID>3</HID><CID>0</CID><STIME>10</STIME><ETIME>100</ETIME><VM_MAD>kvm</VM_MAD>` +
	`<TM_MAD>ssh</TM_MAD><DS_ID>101</DS_ID><RSTIME>15</RSTIME><ACTION>22</ACTION><VM><ID>7</ID><TEMPLATE><DISK><SEQ>99</SEQ></DISK></TEMPLATE>` +
	`<HISTORY_RECORDS><HISTORY><OID>1</OID><SEQ>1</SEQ></HISTORY></HISTORY_RECORDS></VM></HISTORY>` +
	`<HISTORY><OID>7</OID><SEQ>4</SEQ><HOSTNAME>h3</HOSTNAME><STIME>100</STIME><ETIME>0</ETIME><VM/></HISTORY></HISTORY_RECORDS>`

func TestEachStay(t *testing.T) {
	var request string
	e := serve(t, func(c net.Conn) {
		_, _, request = readRequest(c)
		body := success(accounting)
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	})
	e.path = "/RPC2"
	var got []string
	err := EachStay(context.Background(), e, Credentials{session: "u:p"}, time.Unix(99, 0), func(vm int, s Stay) {
		got = append(got, fmt.Sprintf("%d %+v", vm, s))
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		fmt.Sprintf("7 %+v", Stay{Seq: 3, Host: "h3", Driver: "kvm", Transfer: "ssh", Datastore: 101, Begin: 10, End: 100, RunBegin: 15, Action: 22}),
		fmt.Sprintf("7 %+v", Stay{Seq: 4, Host: "h3", Datastore: -1, Begin: 100}),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(request, "<methodName>one.vmpool.accounting<") || !strings.Contains(request, "<i4>-2</i4></value></param><param><value><i4>99</i4></value></param><param><value><i4>-1</i4>") {
		t.Error(request)
	}
}

// A document that ends in the middle is no shorter history.
func TestStaysEndEarly(t *testing.T) {
	for n := 1; n < len(accounting); n += 7 {
		if err := readStays(newVMReader(strings.NewReader(accounting[:n])), func(int, Stay) {}); err == nil {
			t.Fatalf("took %q for whole", accounting[:n])
		}
	}
}

func FuzzStays(f *testing.F) {
	f.Add(accounting)
	f.Fuzz(func(t *testing.T, text string) {
		_ = readStays(newVMReader(strings.NewReader(text)), func(vm int, s Stay) {
			if vm < 0 || s.Seq < 0 {
				t.Error("a record of nobody")
			}
		})
	})
}

func FuzzInside(f *testing.F) {
	f.Add(insides)
	f.Fuzz(func(t *testing.T, text string) {
		v := newVMReader(strings.NewReader(text))
		v.inside = true
		for {
			r, err := v.next()
			if err != nil {
				return
			}
			if len(r.inside.whole.History) > 1 {
				t.Error("more than the last record")
			}
		}
	})
}
