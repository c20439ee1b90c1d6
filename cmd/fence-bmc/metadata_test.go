package main

import (
	"context"
	"encoding/xml"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/oneha/oneha/fence"
	"github.com/oneha/oneha/internal/fenceagent"
)

var update = flag.Bool("update", false, "write the golden files anew")

func metadata(t *testing.T, name string) string {
	t.Helper()
	a, ok := fenceagent.Find(name)
	if !ok {
		t.Fatalf("no agent %s", name)
	}
	var out strings.Builder
	code := fence.Run(t.Context(), a, fence.Env{
		Stdin: strings.NewReader("action=metadata\n"), Stdout: &out, Stderr: os.Stderr,
		Getenv: func(string) string { return "" }, Now: time.Now,
		Sleep: func(context.Context, time.Duration) error { return nil },
	})
	if code != 0 {
		t.Fatalf("%s: exit code %d", a.Name, code)
	}
	return out.String()
}

func TestMetadata(t *testing.T) {
	for _, a := range fenceagent.All() {
		got, golden := metadata(t, a.Name), filepath.Join("testdata", a.Name+".xml")
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", a.Name, diff)
		}
	}
}

// The parameters of fence_ipmilan 4.12, each of which an existing configuration
// may use. Its list of actions has diag too, which fences nothing.
var ipmilan = strings.Fields(`action auth cipher hexadecimal_kg ip ipaddr ipport lanplus login method passwd passwd_script
	password password_script plug port privlvl target username quiet verbose verbose_level debug debug_file version help
	plug_separator delay disable_timeout ipmitool_path login_timeout port_as_ip power_timeout power_wait shell_timeout
	stonith_status_sleep ipmitool_timeout retry_on sudo use_sudo sudo_path`)

func TestTakesThePlaceOfIpmilan(t *testing.T) { declaresAll(t, "fence_bmc_ipmi", ipmilan) }

func declaresAll(t *testing.T, agent string, names []string) {
	t.Helper()
	var doc struct {
		Parameters []struct {
			Name string `xml:"name,attr"`
		} `xml:"parameters>parameter"`
	}
	if err := xml.Unmarshal([]byte(metadata(t, agent)), &doc); err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{}
	for _, p := range doc.Parameters {
		have[p.Name] = true
	}
	for _, name := range names {
		if !have[name] {
			t.Errorf("%s is missing", name)
		}
	}
}

// The schema comes with fence-agents, in a root file system for tests.
func TestMetadataFitsTheSchema(t *testing.T) {
	root := rootfs(t)
	for _, a := range fenceagent.All() {
		cmd := exec.Command("chroot", root, "xmllint", "--noout", "--relaxng", "/usr/share/cluster/relaxng/metadata.rng", "-")
		cmd.Stdin = strings.NewReader(metadata(t, a.Name))
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", a.Name, err, out)
		}
	}
}
