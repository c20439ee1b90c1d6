package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/cib"
	"github.com/oneha/oneha/internal/spec"
)

func TestTable(t *testing.T) {
	costs := func(ms ...time.Duration) (cs []cost) {
		for _, d := range ms {
			cs = append(cs, cost{cpu: d * time.Millisecond})
		}
		return cs
	}
	var got table
	ours, others := costs(2, 9, 3), costs(40, 90, 30) // ratios 1/20, 1/10, 1/10
	got.beside("a", cpu, ours, "other", others, below(10))
	got.beside("b", cpu, ours, "other", others, below(11))
	got.beside("c", cpu, others, "ours", ours, atMost(10))
	got.beside("d", cpu, ours, "other", others, within(3*time.Millisecond))
	got.beside("e", cpu, ours, "other", others, limit{})
	got.alone("f", "5.0 MB", "below 4 MB", false)
	var out strings.Builder
	if err := got.print(&out); err != nil {
		t.Fatal(err)
	}
	want := `
what  ours     beside  its      ratio   target
a     3.0 ms   other   40.0 ms  1/10.0  10 times below    met
b     3.0 ms   other   40.0 ms  1/10.0  11 times below    missed
c     40.0 ms  ours    3.0 ms   10.00   at most 10 times  met
d     3.0 ms   other   40.0 ms  1/10.0  at most 3.0 ms    met
e     3.0 ms   other   40.0 ms  1/10.0
f     5.0 MB                            below 4 MB        missed
`
	var lines strings.Builder
	for line := range strings.Lines("\n" + out.String()) {
		lines.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	if lines.String() != want {
		t.Errorf("got:%s", lines.String())
	}
}

// A contestant that fails fast is not quick.
func TestContestWantsTheRightExitCode(t *testing.T) {
	p := program{name: "false", args: []string{"/bin/false"}}
	if _, err := contest(t.Context(), "test", 0, p); err == nil || !strings.Contains(err.Error(), "exit 1, want 0") {
		t.Errorf("%v", err)
	}
	p.code = 1
	if _, err := contest(t.Context(), "test", 0, p); err != nil {
		t.Error(err)
	}
}

const eaterVariable = "BENCH_TEST_EAT"

// What a process uses and gives back counts; what this one has used, which
// ru_maxrss(2) would count in, does not.
func TestPeakMemoryIsTheChildsOwn(t *testing.T) {
	const eaten = 64 << 20
	eat := func() {
		for b := make([]byte, eaten); len(b) > 4096; b = b[4096:] {
			b[0] = 1
		}
	}
	eat()
	if os.Getenv(eaterVariable) != "" {
		return
	}
	for _, tt := range []struct {
		p           program
		least, most int64
	}{
		{program{name: "eater", args: []string{"/proc/self/exe", "-test.run", "^" + t.Name() + "$"}, env: []string{eaterVariable + "=1"}}, eaten, 2 * eaten},
		{program{name: "true", args: []string{"/bin/true"}}, 1, eaten / 4},
		{program{name: "false", args: []string{"/bin/false"}, code: 1}, 1, eaten / 4},
	} {
		peak, err := peakMemory(t.Context(), tt.p)
		if err != nil {
			t.Fatal(err)
		}
		if peak < tt.least || peak > tt.most {
			t.Errorf("%s: %s, want %s to %s", tt.p.name, mb(peak), mb(tt.least), mb(tt.most))
		}
	}
}

// All parts are measured unless one is named, the failovers only where all is wanted, and what
// is measured inside of a machine has lines.
func TestParts(t *testing.T) {
	if got := (keeping{all: true}).todo(""); !slices.Equal(got, partNames()) {
		t.Errorf("all: %v", got)
	}
	if got := (keeping{}).todo(""); len(got) != len(parts)-2 || slices.Contains(got, failoverPart) || slices.Contains(got, largePart) {
		t.Errorf("all but the failovers: %v", got)
	}
	for _, p := range parts {
		if got := (keeping{}).todo(p.name); !slices.Equal(got, []string{p.name}) {
			t.Errorf("%s: %v", p.name, got)
		}
		if got := partsNamed([]string{p.name}); len(got) != 1 || got[0].name != p.name {
			t.Errorf("%s names %d parts", p.name, len(got))
		}
		if (p.lines == nil) != (p.place == clusterPlace) || (p.lines == nil) != (new(result).rounds(p.name) != nil) {
			t.Errorf("%s is measured at %s", p.name, p.place)
		}
	}
}

// A description has the resources that it is measured for, and no mistakes.
func TestDescription(t *testing.T) {
	for _, n := range append([]int{classicResources}, resourceCounts...) {
		c, findings := spec.Parse("oneha.yaml", []byte(description(n)))
		if len(findings) > 0 {
			t.Fatalf("%d resources: %v", n, findings)
		}
		if got := len(cib.Build(c).Primitives); got != n {
			t.Errorf("%d resources, want %d", got, n)
		}
	}
}

// Descriptions of many nodes have no mistakes.
func TestManyNodes(t *testing.T) {
	for _, n := range nodeCounts {
		c, findings := spec.Parse("oneha.yaml", []byte(manyNodes(n)))
		if findings.HasErrors() || len(c.Nodes) != n {
			t.Errorf("%d nodes: %d, %v", n, len(c.Nodes), findings)
		}
	}
}

// Clouds have the machines that they are measured for, and as many of fifty wait.
func TestCloudOf(t *testing.T) {
	for _, n := range machineCounts {
		scene, waiting := cloudOf(n).Scene(), 0
		for _, vm := range scene.VMs {
			if vm.LCM != 3 { // RUNNING
				waiting++
			}
		}
		if len(scene.VMs) != n || waiting != n/50*leftBehind {
			t.Errorf("%d machines: %d, and %d wait", n, len(scene.VMs), waiting)
		}
	}
}

// The commands that are counted are those that the script runs.
func TestCountEdits(t *testing.T) {
	c, _ := spec.Parse("oneha.yaml", []byte(description(classicResources+3)))
	files, err := cib.Generate(c, "pcs")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	for name, text := range map[string]string{
		"script": string(files[0].Data),
		"pcs":    "echo >>" + path("ran") + "\n",
		"cib":    "<cib/>\n",
	} {
		if err := os.WriteFile(path(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "sh", path("script"), "-f", path("cib"))
	cmd.Env = append(os.Environ(), "PCS=sh "+path("pcs"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	ran, err := os.ReadFile(path("ran"))
	if err != nil {
		t.Fatal(err)
	}
	if got := countEdits(string(files[0].Data)); got != len(ran) {
		t.Errorf("counted %d commands, %d ran", got, len(ran))
	}
}

// Growth is beside the first size, and its limit is that of the numbers.
func TestGrowth(t *testing.T) {
	of := func(ms time.Duration) []cost { return []cost{{cpu: ms * time.Millisecond}} }
	var got table
	growth(&got, "f,", [][]cost{of(10), of(20), of(41)})
	if len(got) != 2 || !got[0].Met || got[1].Met || got[1].What != "f, 2000 resources, CPU" || got[1].Target != "at most 4 times" {
		t.Errorf("%+v", got)
	}
}

func TestTimes(t *testing.T) {
	once := []cost{{wall: 1, cpu: 2, frame: 3}, {wall: 4}}
	if got, want := fmt.Sprint(times(once, 5)), fmt.Sprint([]cost{{wall: 5, cpu: 10, frame: 15}, {wall: 20}}); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if once[0].wall != 1 {
		t.Error("what was measured has changed")
	}
}
