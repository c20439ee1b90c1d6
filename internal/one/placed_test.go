package one

import (
	"context"
	"testing"
)

func TestEachPlaced(t *testing.T) {
	const pool = `<VM_POOL><VM><ID>7</ID><NAME>a</NAME><STATE>3</STATE><LCM_STATE>16</LCM_STATE><RESCHED>1</RESCHED>` +
		`<USER_TEMPLATE><OTHER>9</OTHER><PRIO><![CDATA[40]]></PRIO></USER_TEMPLATE>` +
		`<HISTORY_RECORDS><HISTORY><SEQ>0</SEQ><HOSTNAME>h0</HOSTNAME><HID>0</HID><DS_ID>100</DS_ID></HISTORY>` +
		`<HISTORY><SEQ>1</SEQ><HOSTNAME>h4</HOSTNAME><HID>4</HID><DS_ID>101</DS_ID></HISTORY></HISTORY_RECORDS></VM>` +
		`<VM><ID>8</ID><NAME>b</NAME><STATE>1</STATE><LCM_STATE>0</LCM_STATE><RESCHED>0</RESCHED><USER_TEMPLATE/><HISTORY_RECORDS/></VM></VM_POOL>`
	e := poolServer(t, pool)
	var got []PlacedVM
	if err := EachPlaced(context.Background(), e, Credentials{session: "u:p"}, "PRIO", func(vm PlacedVM) { got = append(got, vm) }); err != nil {
		t.Fatal(err)
	}
	want := []PlacedVM{
		{VM{ID: 7, Name: "a", State: 3, LCM: 16, Seq: 1, Host: "h4"}, Placed{Host: 4, Datastore: 101, Resched: true, Attribute: "40"}},
		{VM{ID: 8, Name: "b", State: 1, Seq: -1}, Placed{Host: -1, Datastore: -1}},
	}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("got %+v", got)
	}
}

func TestParseHost(t *testing.T) {
	h, err := ParseHost([]byte("<HOST><ID>3</ID><NAME>kvm1</NAME><STATE>3</STATE><PREV_STATE>2</PREV_STATE><TEMPLATE><FENCE_IP><![CDATA[10.0.0.1]]></FENCE_IP></TEMPLATE><MONITORING><TIMESTAMP>17</TIMESTAMP></MONITORING></HOST>"))
	if err != nil || h.ID != 3 || h.Name != "kvm1" || h.State != HostError || h.Before != HostMonitored || h.Template["FENCE_IP"] != "10.0.0.1" || h.Monitored != 17 {
		t.Errorf("%+v %v", h, err)
	}
	for _, text := range []string{"", "<HOST>", "junk"} {
		if _, err := ParseHost([]byte(text)); err == nil {
			t.Errorf("%q is a host", text)
		}
	}
}
