package preview

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// today is a cluster of 3.0 in trouble: b is gone, r has failed and was started again, q
// did not stop, s was moved from b, and c is an instance of a clone.
const today = `<cib have-quorum="0"><configuration><crm_config/><nodes><node id="1" uname="a"/><node id="2" uname="b"/></nodes>
<resources><primitive id="r" class="ocf" type="t"/><primitive id="q" class="ocf" type="t"/><primitive id="s" class="ocf" type="t"/><clone id="cl"><primitive id="c" class="ocf" type="t"/></clone></resources></configuration><status>
<node_state id="1" uname="a" in_ccm="1700000000" crmd="1700000001"><transient_attributes id="1"><instance_attributes id="i"><nvpair id="f" name="fail-count-r#monitor_10000" value="2"/><nvpair id="k" name="master-r" value="10"/><nvpair id="y" name="standby" value="on"/></instance_attributes></transient_attributes>
<lrm id="1"><lrm_resources>
<lrm_resource id="r"><lrm_rsc_op id="r_last_failure_0" operation="monitor" call-id="9" rc-code="7" op-status="0"/><lrm_rsc_op id="r_monitor_10000" operation="monitor" call-id="12" rc-code="0" op-status="0"/><lrm_rsc_op id="r_last_0" operation="start" call-id="11" rc-code="0" op-status="0"/></lrm_resource>
<lrm_resource id="q"><lrm_rsc_op id="q_last_0" operation="stop" call-id="20" rc-code="1" op-status="0"/></lrm_resource>
<lrm_resource id="s"><lrm_rsc_op id="s_last_0" operation="migrate_from" call-id="30" rc-code="0" op-status="0"/></lrm_resource>
<lrm_resource id="c:0"><lrm_rsc_op id="c_last_0" operation="monitor" call-id="31" rc-code="0" op-status="0"/></lrm_resource>
</lrm_resources></lrm></node_state>
<node_state id="2" uname="b" in_ccm="0" crmd="0"><lrm id="2"><lrm_resources><lrm_resource id="s"><lrm_rsc_op id="s_last_0" operation="start" call-id="3" rc-code="0" op-status="0"/></lrm_resource></lrm_resources></lrm></node_state>
</status></cib>`

func TestHeal(t *testing.T) {
	doc, err := parse([]byte(today))
	if err != nil {
		t.Fatal(err)
	}
	c := read(doc)
	if diff := cmp.Diff(map[string]string{"r": "a", "q": "a", "s": "a", "c": "a"}, placement(doc, c)); diff != "" {
		t.Errorf("today: %s", diff)
	}
	heal(doc)
	if diff := cmp.Diff(map[string]string{"r": "a", "q": "", "s": "a", "c": "a"}, placement(doc, c)); diff != "" {
		t.Errorf("healed: %s", diff)
	}
	text, err := doc.WriteToString()
	if err != nil {
		t.Fatal(err)
	}
	for _, gone := range []string{"fail-count", "last_failure", `name="standby"`, `uname="b" in_ccm`} {
		if strings.Contains(text, gone) {
			t.Errorf("%s is still there", gone)
		}
	}
	if !strings.Contains(text, "master-r") {
		t.Error("the promotion score is gone")
	}
}

func TestStandby(t *testing.T) {
	doc, err := parse([]byte(foreign))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []string{"a", "b"} {
		standby(doc, n)
	}
	for _, n := range doc.Root().FindElements("configuration/nodes/node")[:2] {
		found := n.FindElements("instance_attributes/nvpair[@name='standby']")
		if len(found) != 1 || found[0].SelectAttrValue("value", "") != "on" {
			t.Errorf("%s: %d standby attributes", n.SelectAttrValue("uname", ""), len(found))
		}
	}
}

func TestWithNodes(t *testing.T) {
	const bare = `<cib><configuration><nodes/></configuration></cib>`
	text, err := WithNodes([]byte(bare), []string{"x", "y"})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := Nodes(text); n != 2 || err != nil {
		t.Errorf("%d nodes, %v", n, err)
	}
	if again, err := WithNodes(text, []string{"z"}); err != nil || string(again) != string(text) {
		t.Errorf("the nodes that were known are changed: %s", again)
	}
	if _, err := WithNodes([]byte("<html/>"), nil); err == nil {
		t.Error("a page was taken for a CIB")
	}
}
