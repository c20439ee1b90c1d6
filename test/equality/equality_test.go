package equality

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/spec"
	"github.com/oneha/oneha/test/equality/chamber"
	"github.com/oneha/oneha/test/examples"
	"github.com/oneha/oneha/test/lab"
)

// seed chooses the generated descriptions.
const seed = 5

// releases are the judges: Debian's name for the release, and what is in it.
var releases = []struct{ name, tools string }{
	{"bullseye", "pcs 0.10.8, crmsh 4.2.0, Pacemaker 2.0.5, corosync 3.1.2"},
	{"bookworm", "pcs 0.11.5, crmsh 4.4.1, Pacemaker 2.1.5, corosync 3.1.7"},
	{"trixie", "pcs 0.12.0.2, crmsh 5.0.0, Pacemaker 3.0.0, corosync 3.1.9"},
}

// job is a description and how it is compared.
type job struct {
	name    string
	text    []byte
	cluster spec.Cluster
	with    With
}

// TestSample takes a few descriptions to the tools of one release, which make test
// has a root file system of.
func TestSample(t *testing.T) {
	root := sampleRoot(t)
	all := jobs(t, 8, 1)
	all = all[len(all)-8:] // cib's own tests take the examples to this release
	judge(t, "sample", root, all)
}

func sampleRoot(t *testing.T) string {
	t.Helper()
	root := os.Getenv("ONEHA_ROOTFS")
	if root == "" {
		missing(t, "needs ONEHA_ROOTFS, a root file system with pacemaker, corosync, pcs and crmsh")
	}
	return root
}

// TestAll takes every example and many generated descriptions to all releases.
// make equality runs it; it builds the root file systems that the cache lacks.
func TestAll(t *testing.T) {
	if os.Getenv("ONEHA_EQUALITY") != "all" {
		t.Skip("takes many minutes: run make equality")
	}
	generated, withPCS := number(t, "ONEHA_EQUALITY_GENERATED", 200), number(t, "ONEHA_EQUALITY_PCS", 20)
	for _, r := range releases {
		t.Run(r.name, func(t *testing.T) {
			if only := os.Getenv("ONEHA_EQUALITY_RELEASE"); only != "" && only != r.name {
				t.Skip("left out by ONEHA_EQUALITY_RELEASE")
			}
			fmt.Printf("equality: %s: %s\n", r.name, r.tools)
			judge(t, r.name, rootOf(t, r.name), jobs(t, generated, withPCS))
		})
	}
}

// rootOf is a release's root file system, which is built when the cache has none.
func rootOf(t *testing.T, release string) string {
	t.Helper()
	root, err := lab.Rootfs(t.Context(), lab.Options{Release: release, CacheDir: os.Getenv("ONEHA_CACHE_DIR"),
		Log: func(format string, args ...any) { fmt.Printf(format+"\n", args...) }})
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// TestNotices: a file that says something else is noticed, whichever it is.
func TestNotices(t *testing.T) {
	c := open(t, sampleRoot(t))
	j := jobs(t, 0, 0)
	j = j[slices.IndexFunc(j, func(j job) bool { return j.name == "two-node.yaml" }):]
	for _, tt := range []struct{ file, old, spoilt, want string }{
		{"cib.xml", `kind="Mandatory"`, `kind="Perhaps"`, "Invalid attribute kind"},
		{"cib.xml", `value="125s"`, `value="soon"`, "crm_verify"},
		{"cluster.crm", "resource-stickiness=100", "resource-stickiness=101", `+ rsc_defaults meta resource-stickiness="101"`},
		{"cluster.pcs.sh", "migration-threshold=3", "migration-threshold=4", `+ rsc_defaults meta migration-threshold="4"`},
		{"cluster.pcs.sh", "edit resource group", "edit resource grope", "the configuration is as it was"},
		{"corosync.conf", "token: 3000", "token: 3001", "totem.token: 3001"},
		{"corosync.conf", "transport: knet", "transport: pigeon", "corosync -t -c corosync.conf"},
	} {
		done := false
		with := With{Crm: tt.file == "cluster.crm", edit: func(file string, data []byte) []byte {
			if file != tt.file {
				return data
			}
			done = strings.Contains(string(data), tt.old)
			return []byte(strings.Replace(string(data), tt.old, tt.spoilt, 1))
		}}
		if strings.Contains(tt.want, "totem") || tt.file == "cluster.pcs.sh" {
			with.PCS = chamber.PCS
		}
		err := Agree(t.Context(), c, j[0].cluster, with)
		if !done || err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s with %s (found: %v): %v, want %s", tt.file, tt.spoilt, done, err, tt.want)
		}
	}
}

// missing skips the test, or fails it when CI is true.
func missing(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip(why)
}

func number(t *testing.T, name string, byDefault int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return byDefault
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// jobs are all examples and then the generated descriptions, of which the first few
// go through pcs too.
func jobs(t *testing.T, generated, withPCS int) (all []job) {
	t.Helper()
	for _, file := range examples.Pacemaker(t, "../../examples") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		with := With{Crm: true, PCS: chamber.PCS, Twice: true}
		if filepath.Base(file) == "two-node.yaml" {
			with.PCS = "pcs" // one as a person would run it
		}
		all = append(all, job{name: filepath.Base(file), text: text, with: with})
	}
	for n := range generated {
		with := With{Crm: true}
		if n < withPCS {
			with.PCS = chamber.PCS
		}
		all = append(all, job{name: fmt.Sprintf("generated %d", n), text: Describe(seed, uint64(n)), with: with})
	}
	for i, j := range all {
		c, findings := spec.Parse(j.name, j.text)
		if findings.HasErrors() {
			t.Fatal(findings)
		}
		all[i].cluster = c
	}
	return all
}

// open opens a chamber that ends with the test.
func open(t *testing.T, root string) *chamber.Chamber {
	t.Helper()
	if os.Getuid() != 0 {
		missing(t, "needs root, to make namespaces and mounts")
	}
	c, err := chamber.Open(t.Context(), root, programs(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// judge takes jobs to the tools of one root file system, as many at once as there
// are processors, and says every ten seconds how far it is.
func judge(t *testing.T, title, root string, jobs []job) {
	t.Helper()
	c := open(t, root)
	start := time.Now()
	queue, done := make(chan job), make(chan error)
	var workers sync.WaitGroup
	for range runtime.NumCPU() {
		workers.Go(func() {
			for j := range queue {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
				err := Agree(ctx, c, j.cluster, j.with)
				cancel()
				if err != nil {
					err = fmt.Errorf("%s: %w\nthe description:\n%s", j.name, err, j.text)
				}
				done <- err
			}
		})
	}
	go func() {
		for _, j := range jobs {
			queue <- j
		}
		close(queue)
		workers.Wait()
		close(done)
	}()
	n, wrong := 0, 0
	said := time.Now()
	for err := range done {
		if n++; err != nil {
			wrong++
			t.Error(err)
		}
		if n == len(jobs) || time.Since(said) > 10*time.Second {
			said = time.Now()
			fmt.Printf("equality: %s: %d of %d descriptions, %d differ, %.0f s\n", title, n, len(jobs), wrong, time.Since(start).Seconds())
		}
	}
}

// programs builds our agents, whose metadata the tools ask for.
func programs(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.Command("go", "build", "-o", dir, "../../cmd/ocf-opennebula", "../../cmd/fence-bmc")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build agents: %v\n%s", err, strings.TrimSpace(string(out)))
	}
	return dir
}
