package spec

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestGivenBy(t *testing.T) {
	got := GivenBy([]byte("\ufeffversion: 1\r\nnodes:\r\n  a: {addr: [10.0.0.1, 10.0.1.1], bmc: \"ipmi://b\"}\r\nvip: [{address: 10.0.0.9/24, name: x}, 10.0.0.8/24]\r\n"))
	want := Given{
		"version": {"1"}, "nodes": nil, "nodes.a": nil, "nodes.a.addr": {"10.0.0.1", "10.0.1.1"}, "nodes.a.bmc": {"ipmi://b"},
		"vip": {"10.0.0.8/24"}, "vip.address": {"10.0.0.9/24"}, "vip.name": {"x"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if !got.Has("nodes.a") || got.Has("nodes.b") || !got.Says("vip.name", "x") || got.Says("vip.name", "y") {
		t.Error("Has or Says is wrong")
	}
	for _, broken := range []string{"", "\t", "a: [", "---\n---\n", "\x00"} {
		if got := GivenBy([]byte(broken)); len(got) > 0 {
			t.Errorf("%q says %v", broken, got)
		}
	}
}
