package runbook

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/oneha/oneha/test/examples"
)

func TestZoneGolden(t *testing.T) {
	for _, file := range examples.Raft(t, "../../examples") {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		t.Run(name, func(t *testing.T) {
			r := BuildZone(example(t, name), Options{File: name + ".yaml"})
			path := filepath.Join("testdata", name+".md")
			if *update {
				if err := os.WriteFile(path, r.Markdown(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(r.Markdown())); diff != "" {
				t.Errorf("%s: -want +got:\n%s", path, diff)
			}
		})
	}
}

// Every step of a zone's runbook says everything, for the servers that there are, in
// commands that a shell can read.
func TestZoneSteps(t *testing.T) {
	for _, file := range examples.Raft(t, "../../examples") {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		c := example(t, name)
		r := BuildZone(c, Options{})
		seen := map[string]bool{}
		var script strings.Builder
		for _, chapter := range r.Chapters {
			for _, s := range chapter.Steps {
				if seen[s.ID] || !idForm.MatchString(s.ID) || s.Title == "" || s.Expect == "" || s.Otherwise == "" || (len(s.On) == 0) == (s.Where == "") {
					t.Errorf("%s: step %+v", name, s)
				}
				seen[s.ID] = true
				for _, m := range s.On {
					if _, ok := c.Zone.Server(m); !ok {
						t.Errorf("%s: step %s is on %s", name, s.ID, m)
					}
				}
				for _, command := range s.Commands {
					if strings.Contains(command, "\n") || strings.TrimSpace(command) == "" {
						t.Errorf("%s: step %s has the command %q", name, s.ID, command)
					}
					script.WriteString(command + "\n")
				}
			}
		}
		cmd := exec.Command("bash", "-n")
		cmd.Stdin = strings.NewReader(script.String())
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", name, err, out)
		}
		for _, s := range c.Zone.Servers[1:] {
			for _, step := range []string{"join-", "backup-", "restore-", "server-add-", "start-", "follower-", "leave-"} {
				if !seen[step+s.Name] {
					t.Errorf("%s: no step %s%s", name, step, s.Name)
				}
			}
		}
		if seen["sudoers"] != (len(c.Zone.VIPs) > 0) || seen["vip"] != (len(c.Zone.VIPs) > 0) {
			t.Errorf("%s: steps for a floating IP: %v", name, seen["sudoers"])
		}
	}
}

// A server is added before it starts, and has a database before it is added.
func TestZoneOrder(t *testing.T) {
	var ids []string
	for _, c := range BuildZone(example(t, "raft"), Options{}).Chapters {
		for _, s := range c.Steps {
			ids = append(ids, s.ID)
		}
	}
	order := []string{"sudoers", "solo", "server-add", "stop", "configure-server-0", "start-server-0", "leader",
		"backup-server-1", "restore-server-1", "configure-server-1", "server-add-server-1", "start-server-1", "follower-server-1",
		"backup-server-2", "server-add-server-2", "start-server-2", "follower-server-2", "stop-leader", "leave-server-2", "leave-server-1", "alone"}
	at := -1
	for _, id := range order {
		i := slices.Index(ids, id)
		if i <= at {
			t.Errorf("%s is at %d, behind %d", id, i, at)
		}
		at = i
	}
}

func TestZoneOfOne(t *testing.T) {
	c := example(t, "raft")
	z := *c.Zone
	z.Servers, c.Zone = z.Servers[:1], &z
	text := string(BuildZone(c, Options{}).Markdown())
	for _, want := range []string{"A single server is no high availability yet", "Nothing takes over from it yet"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in it", want)
		}
	}
	if strings.Contains(text, "Stop the leader") {
		t.Error("the only server is stopped to prove something")
	}
}
