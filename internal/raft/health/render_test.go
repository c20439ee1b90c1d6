package health

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/oneha/oneha/internal/screen"
)

var update = flag.Bool("update", false, "write the golden files")

// scenes are zones as an operator meets them.
var scenes = []struct {
	name  string
	make  func() *Picture
	state Condition
}{
	{"healthy", healthy, Good},
	{"five", func() *Picture { return zoneOf(5) }, Good},
	{"electing", func() *Picture { p := healthy(); fires["Z05"].change(p); return p }, Down},
	{"follower-hangs", func() *Picture { p := healthy(); p.Servers[2].die(Hangs, false); return p }, Degraded},
	{"machine-off", func() *Picture { p := healthy(); p.Servers[2].die(Unreachable, true); return p }, Degraded},
	{"two-leaders", func() *Picture { p := healthy(); fires["Z06"].change(p); return p }, Degraded},
	{"two-leaders-stock-hook", func() *Picture {
		p := healthy()
		p.Guarded = false
		for i := range p.Servers {
			p.Servers[i].Guard = Guard{Answer: NotAsked}
		}
		p.Servers[0].Oned.Raft.State, p.Servers[0].Oned.Raft.Term, p.Servers[2].Oned.Raft.Term = Leader, 8, 8
		return p
	}, Down},
	{"no-majority", func() *Picture { p := healthy(); fires["Z04"].change(p); return p }, Down},
	{"lagging", func() *Picture { p := healthy(); fires["Z20"].change(p); return p }, Degraded},
	{"out-of-window", func() *Picture { p := healthy(); fires["Z19"].change(p); return p }, Degraded},
	{"vip-nowhere", func() *Picture { p := healthy(); p.nowhere(); return p }, Down},
	{"vip-on-follower", func() *Picture { p := healthy(); fires["Z08"].change(p); return p }, Down},
	{"guard-missing", func() *Picture { p := healthy(); fires["Z23"].change(p); return p }, Degraded},
	{"joining", func() *Picture {
		p := zoneOf(2)
		p.Servers = append(p.Servers, Server{ID: 2, Name: name(2), Endpoint: endpoint(2), Described: true, Oned: Oned{Answer: Refuses}, Guard: Guard{Answer: Refuses}})
		return p
	}, Degraded},
	{"clock-and-endpoint", func() *Picture { p := healthy(); fires["Z36"].change(p); fires["Z31"].change(p); return p }, Good},
	{"silence", func() *Picture { p := healthy(); fires["Z01"].change(p); return p }, Down},
	{"long-names", func() *Picture {
		p := zoneOf(3)
		for i := range p.Servers {
			p.Servers[i].Name = fmt.Sprintf("opennebula-frontend-%d.infrastructure.example.com", i)
			p.Servers[i].Oned.Raft.Index, p.Servers[i].Oned.Raft.Commit, p.Servers[i].Oned.Raft.Term = 1234567890, 1234567890, 1234
		}
		return p
	}, Good},
}

func TestGolden(t *testing.T) {
	for _, scene := range scenes {
		p := scene.make()
		p.claim()
		if got := p.Judge().State; got != scene.state {
			t.Errorf("%s is %s, want %s", scene.name, got, scene.state)
		}
		for _, width := range []int{80, 120} {
			text := Render(*p, screen.Style{Width: width})
			for line := range strings.Lines(text) {
				if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > width {
					t.Errorf("%s: %d columns: %s", scene.name, n, line)
				}
			}
			file := filepath.Join("testdata", fmt.Sprintf("%s-%d.golden", scene.name, width))
			if *update {
				if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if text != string(want) {
				t.Errorf("%s has changed; with -update it is written\ngot\n%s\nwant\n%s", file, text, want)
			}
		}
	}
}

// The verdict is the first line, whatever is wrong.
func TestVerdictLine(t *testing.T) {
	text := Render(*healthy(), screen.Style{Width: 120})
	if want := "zone 0 is healthy: server-1 leads since term 7, VIP there\n"; !strings.HasPrefix(text, want) {
		t.Errorf("got %q", text)
	}
}

// render is Render without colours.
func render(p Picture, width int) string { return Render(p, screen.Style{Width: width}) }

func TestColours(t *testing.T) {
	for _, scene := range scenes {
		p := scene.make()
		p.claim()
		plain, painted := Render(*p, screen.Style{Width: 80}), Render(*p, screen.Style{Width: 80, Color: true})
		if strings.Contains(plain, "\x1b") || !strings.Contains(painted, "\x1b[") {
			t.Errorf("%s: colours without, or none with", scene.name)
		}
		var stripped strings.Builder
		for i, part := range strings.Split(painted, "\x1b[") {
			if i > 0 {
				_, part, _ = strings.Cut(part, "m")
			}
			stripped.WriteString(part)
		}
		if stripped.String() != plain {
			t.Errorf("%s: colours change the text\n%s\n%s", scene.name, stripped.String(), plain)
		}
	}
}

// Somebody who watches is told of what happens, not of what counts on.
func TestKey(t *testing.T) {
	p := healthy()
	was := p.Key()
	for i := range p.Servers {
		p.Servers[i].Oned.Raft.Index++
		p.Servers[i].Oned.Raft.Commit++
		p.Servers[i].Guard.State.Lease.LeftMS = 1900
		p.Servers[i].Guard.Clock.By += Millis(time.Millisecond)
		p.Servers[i].Oned.Took += Millis(time.Millisecond)
	}
	p.Time = p.Time.Add(2 * time.Second)
	if p.Key() != was {
		t.Error("something changed although only counters did")
	}
	for id, test := range fires {
		p := healthy()
		if id == "Z16" {
			p = zoneOf(4)
		}
		test.change(p)
		p.claim()
		if p.Key() == was {
			t.Errorf("%s is not told", id)
		}
	}
	p = healthy()
	p.Servers[0].Oned.Raft.State, p.Servers[0].Oned.Raft.Term = Candidate, 10
	was = p.Key()
	p.Servers[0].Oned.Raft.Term = 11
	if p.Key() != was {
		t.Error("a candidate's next round is told")
	}
}
