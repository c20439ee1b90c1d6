// Package matrix runs every fence agent in every action on a device with every
// fault, and prints what came of it: the exit code, the power commands that the
// device got, and how the machine was in the end.
//
// The agents are the program itself, started as a person and as pacemaker-fenced
// start it, and the devices are stand-ins that each call has for itself: go-ipmi's
// server, fakeredfish and fakeilo. Some rules must hold in every cell (see broken);
// the rest is docs/fencing-outcomes.md, which must be as this test would write it.
package matrix

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write docs/fencing-outcomes.md anew")

// page is the table that people read.
const page = "../../docs/fencing-outcomes.md"

// How many calls are under way. Nearly all of them wait; those that are young use
// the processor, and there are few of them, so that none is held up.
const (
	atOnce = 128
	young  = 6
	youth  = 200 * time.Millisecond
)

func TestMatrix(t *testing.T) {
	if c, err := net.ListenPacket("udp", "[::1]:0"); err != nil {
		const why = "there is no IPv6 on the loopback interface, which some devices of the matrix have"
		if os.Getenv("CI") == "true" {
			t.Fatal(why)
		}
		t.Skip(why)
	} else {
		_ = c.Close()
	}
	bin := t.TempDir()
	program := filepath.Join(bin, "fence-bmc")
	build := exec.Command("go", "build", "-o", program, "../../cmd/fence-bmc")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build fence-bmc: %v\n%s", err, out)
	}
	if err := links(program, bin); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	m := matrix{}
	m.fill(t, bin, calls(everything))
	t.Logf("%d calls in %.0f s\n%s", len(m), time.Since(begin).Seconds(), m.text())
	if *update {
		if !t.Failed() {
			write(t, render(m))
		}
		return
	}
	have, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	// On a busy machine an answer may come later than a call waits for it. What is
	// not as on the page is done once more, when nothing else is under way.
	again := calls(func(f family, r row) bool {
		return !strings.Contains(string(have), m.line(f, r)) || !strings.Contains(string(have), m.said(f, r))
	})
	if len(again) > 0 {
		t.Logf("%d calls once more", len(again))
		m.fill(t, bin, again)
	}
	if seen := render(m); seen != string(have) {
		t.Errorf("%s is not what was seen; if the change is meant, run this test with -update and look at the difference:\n%s", page, difference(string(have), seen))
	}
}

// difference returns the lines that only one of two texts has. The lines of a table
// are long, so each is shown whole.
func difference(have, seen string) string {
	var b strings.Builder
	only := func(sign, in, other string) {
		for line := range strings.Lines(in) {
			if !strings.Contains("\n"+other, "\n"+line) {
				b.WriteString(sign + line)
			}
		}
	}
	only("- ", have, seen)
	only("+ ", seen, have)
	return b.String()
}

func write(t *testing.T, text string) {
	t.Helper()
	if err := os.WriteFile(page, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func everything(family, row) bool { return true }

// calls are the cells of the matrix in the rows that are wanted. The cluster runs
// what switches, in ways of its own; the rest is the same for it.
func calls(wanted func(family, row) bool) (all []call) {
	for _, f := range families {
		for _, r := range rows {
			if !wanted(f, r) {
				continue
			}
			for _, a := range actions {
				if r.only != nil && !slices.Contains(r.only, a.title) {
					continue
				}
				for _, d := range f.devices {
					if a.name == "diag" && !d.diag {
						continue
					}
					all = append(all, call{d, f.network, r.fault, a, hand})
					if a.switches() || a.name == "diag" {
						all = append(all, call{d, f.network, r.fault, a, cluster})
					}
				}
			}
		}
	}
	return all
}

// matrix is every outcome by its call's String.
type matrix map[string]outcome

func (m matrix) of(c call) (outcome, bool) {
	o, ok := m[c.String()]
	return o, ok
}

// fill makes calls, holds each against the rules, and keeps what came of it.
func (m matrix) fill(t *testing.T, bin string, all []call) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	dir := t.TempDir()
	work := make(chan int)
	var mu sync.Mutex
	var workers sync.WaitGroup
	begins := make(chan struct{}, young)
	for range atOnce {
		workers.Go(func() {
			for i := range work {
				files := filepath.Join(dir, fmt.Sprint(i))
				err := os.Mkdir(files, 0o700)
				var o *outcome
				var e *evidence
				if err == nil {
					begins <- struct{}{}
					grown := sync.OnceFunc(func() { <-begins })
					stop := time.AfterFunc(youth, grown)
					o, e, err = all[i].run(ctx, bin, files)
					stop.Stop()
					grown()
				}
				mu.Lock()
				switch {
				case err != nil:
					t.Errorf("%s: %v", all[i], err)
				case o != nil:
					m[all[i].String()] = *o
					for _, rule := range broken(*o, *e) {
						t.Errorf("%s: broken: %s\n%+v\n%s%s", all[i], rule, *o, e.stdout, e.stderr)
					}
				}
				mu.Unlock()
			}
		})
	}
	for _, c := range []caller{cluster, hand} { // those that last longest first
		for i := range all {
			if all[i].caller == c {
				work <- i
			}
		}
	}
	close(work)
	workers.Wait()
}
