package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFit(t *testing.T) {
	narrow := []string{"oneha status    how it is", "  --flag=x"}
	if diff := cmp.Diff(narrow, fit(narrow)); diff != "" {
		t.Errorf("changed what fits:\n%s", diff)
	}
	long := strings.Repeat("x", room)
	got := fit([]string{
		"oneha status    how it is",
		"oneha check --cib live --corosync corosync.conf --target-pacemaker 2.1.5 --json oneha.yaml    " + strings.Repeat("many words ", 9),
		`oneha init --yes --node one-server1=10.3.4.20 --node one-server2=10.3.4.21 \`,
		`    --bmc one-server1=ilo5://10.3.5.20 --bmc one-server2=ilo5://10.3.5.21 \`,
		long + "y z",
	})
	want := []string{
		"oneha status",
		"    how it is",
		`oneha check --cib live --corosync corosync.conf \`,
		"    --target-pacemaker 2.1.5 --json oneha.yaml",
		"    many words many words many words many words many words many words",
		"    many words many words many words",
		`oneha init --yes --node one-server1=10.3.4.20 \`,
		`    --node one-server2=10.3.4.21 \`,
		`    --bmc one-server1=ilo5://10.3.5.20 \`,
		`    --bmc one-server2=ilo5://10.3.5.21 \`,
		long + "y z",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
