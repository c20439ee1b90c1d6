package picture

import (
	"bytes"
	"encoding/xml"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

var (
	update = flag.Bool("update", false, "rewrite the golden files")
	keep   = flag.String("keep", "", "directory to write every picture into, to be looked at")
)

// pictures are those of the generated configurations, by name, and some that no
// description of ours leads to.
func pictures(t testing.TB) map[string]Picture {
	t.Helper()
	paths, err := filepath.Glob("../../cib/testdata/*/cib.xml")
	if err != nil || len(paths) < 15 {
		t.Fatalf("%d configurations, %v", len(paths), err)
	}
	all := map[string]Picture{}
	for _, path := range paths {
		cib, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		corosync, err := os.ReadFile(filepath.Join(filepath.Dir(path), "corosync.conf"))
		if err != nil {
			t.Fatal(err)
		}
		p, err := FromCIB(cib, corosync)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(filepath.Dir(path))] = p
	}
	for name, p := range invented() {
		all[name] = p
	}
	return all
}

// invented are pictures with much of everything.
func invented() map[string]Picture {
	node := func(i int) string { return fmt.Sprintf("node-%02d", i) }
	big := Picture{Title: "sixteen nodes, twenty resources, a web of constraints"}
	for i := range 16 {
		big.Nodes = append(big.Nodes, Node{Name: node(i), Addrs: []string{fmt.Sprintf("10.0.0.%d", i), fmt.Sprintf("10.0.1.%d", i)}})
		big.Devices = append(big.Devices, Device{ID: "fence-" + node(i), Agent: "fence_ipmilan", Address: fmt.Sprintf("10.1.0.%d", i), Targets: []Target{{Node: node(i), Delay: time.Duration(i) * time.Second}}})
	}
	for i := range 20 {
		id := fmt.Sprintf("res-%02d", i)
		big.Blocks = append(big.Blocks, Block{ID: id, Members: []Resource{{ID: id, Agent: "ocf:heartbeat:Dummy"}}})
		for _, on := range []int{i - 1, i / 2} {
			if on >= 0 && on != i && i%3 != 0 {
				big.Rules = append(big.Rules, Rule{Kind: Order, From: fmt.Sprintf("res-%02d", on), To: id, Label: "then"},
					Rule{Kind: Colocation, From: id, To: fmt.Sprintf("res-%02d", on), Label: "same node, score 20", Weak: true})
			}
		}
		big.Rules = append(big.Rules, Rule{Kind: Location, From: id, To: node(i % 16), Label: "prefers, score 50", Weak: true})
	}
	long := strings.Repeat("a-name-that-goes-on-", 8)
	names := Picture{Title: long, Nodes: []Node{{Name: long + "1", Addrs: []string{"fd00:1234:5678:9abc:def0:1234:5678:9abc"}, Notes: []string{"standby", "maintenance"}}, {Name: long + "2 <&>\"'"}},
		Blocks: []Block{{Kind: "group", ID: long, Members: []Resource{{ID: long + "a", Agent: "ocf:" + long, Address: "fd00:1234:5678:9abc:def0:1234:5678:9abc/128"}, {ID: "b", Agent: "x"}}}, {Kind: "clone", ID: "empty"}},
		Rules:  []Rule{{Kind: Location, From: long, To: long + "2 <&>\"'", Label: "never on", Against: true}}, QDevice: QDevice{Host: long}}
	circle := Picture{Title: "circle", Nodes: []Node{{Name: "n"}}}
	for i, id := range []string{"a", "b", "c"} {
		circle.Blocks = append(circle.Blocks, Block{ID: id, Members: []Resource{{ID: id, Agent: "ocf:heartbeat:Dummy"}}})
		circle.Rules = append(circle.Rules, Rule{Kind: Order, From: id, To: []string{"b", "c", "a"}[i], Label: "then"}, Rule{Kind: Location, From: id, To: "n", Label: "prefers"})
	}
	return map[string]Picture{"big": big, "names": names, "circle": circle, "nothing": {}}
}

type rect struct {
	what         string
	x, y, x2, y2 float64
}

func (r rect) over(o rect) bool {
	const least = 0.5
	return r.x < o.x2-least && o.x < r.x2-least && r.y < o.y2-least && o.y < r.y2-least
}

func (r rect) holds(o rect) bool {
	return r.x <= o.x && r.y <= o.y && r.x2 >= o.x2 && r.y2 >= o.y2
}

func boxRect(b *box) rect { return rect{"box " + b.id, b.x, b.y, b.x + b.w, b.y + b.h} }

func textRect(l line, size float64, centred bool) rect {
	w := textWidth(l.text, size, l.bold)
	x := l.x
	if centred {
		x -= w / 2
	}
	return rect{"text " + l.text, x, l.y - size*0.75, x + w, l.y + size*0.25}
}

// TestNothingOverlaps computes where everything is, and wants no text over another
// or out of its box, no box over another, no arrow through a box, and nothing off
// the canvas.
func TestNothingOverlaps(t *testing.T) {
	for name, p := range pictures(t) {
		t.Run(name, func(t *testing.T) {
			d := layOut(p)
			canvas := rect{"canvas", 0, 0, d.width, d.height}
			texts := []rect{textRect(d.title, titleSize, false)}
			for _, c := range d.captions {
				texts = append(texts, textRect(c, smallSize, false))
			}
			for _, m := range d.legend {
				texts = append(texts, textRect(m.line, smallSize, false))
			}
			var solid []rect
			var inside func(b *box)
			inside = func(b *box) {
				for _, l := range b.lines {
					r := textRect(l, l.size(), true)
					if !boxRect(b).holds(r) {
						t.Errorf("%s is not within %s", r.what, b.id)
					}
					texts = append(texts, r)
				}
				for _, m := range b.members {
					if !boxRect(b).holds(boxRect(m)) {
						t.Errorf("%s is not within %s", m.id, b.id)
					}
					inside(m)
				}
			}
			for _, b := range d.boxes() {
				if b.id != "" {
					inside(b)
				}
				solid = append(solid, boxRect(b))
			}
			crowded := name == "big" // there a label may lie over an arrow, but nothing over a text
			for _, w := range d.wires() {
				if w.label != "" {
					half := w.labelWidth() / 2
					texts = append(texts, rect{"label " + w.label, w.labelX - half, w.y - 8, w.labelX + half, w.y + 8})
				}
			}
			for i, a := range texts {
				if !canvas.holds(a) {
					t.Errorf("%v is off the canvas %v", a, canvas)
				}
				for _, b := range texts[:i] {
					if a.over(b) {
						t.Errorf("%v lies over %v", a, b)
					}
				}
				for _, b := range solid {
					if a.over(b) && !b.holds(a) {
						t.Errorf("%v lies over %v", a, b)
					}
				}
			}
			for i, a := range solid {
				if !canvas.holds(a) {
					t.Errorf("%v is off the canvas %v", a, canvas)
				}
				for _, b := range solid[:i] {
					if a.over(b) {
						t.Errorf("%v lies over %v", a, b)
					}
				}
			}
			for _, w := range d.wires() {
				for _, r := range wireRects(w) {
					for _, b := range solid {
						if r.over(b) {
							t.Errorf("the arrow %s %s goes through %v", w.class, w.label, b)
						}
					}
					for _, o := range d.wires() {
						half := o.labelWidth() / 2
						label := rect{"label " + o.label, o.labelX - half, o.y - 8, o.labelX + half, o.y + 8}
						if o != w && o.label != "" && r.over(label) && !crowded {
							t.Errorf("the arrow %s %q goes through the label %q", w.class, w.label, o.label)
						}
					}
				}
			}
		})
	}
}

// wireRects are the strokes of an arrow as thin rectangles.
func wireRects(w *wire) (all []rect) {
	const thick = 1.0
	left, right := w.span()
	all = append(all, rect{"bar", left - thick, w.y - thick, right + thick, w.y + thick})
	for i, b := range w.below {
		all = append(all, rect{"stem", w.from[i] - thick, w.y, w.from[i] + thick, b.y})
	}
	for i, b := range w.above {
		all = append(all, rect{"stem", w.to[i] - thick, b.y + b.h, w.to[i] + thick, w.y})
	}
	return all
}

func TestSVGIsWellFormed(t *testing.T) {
	for name, p := range pictures(t) {
		svg := p.SVG()
		if !bytes.Equal(svg, p.SVG()) {
			t.Errorf("%s: a second drawing differs", name)
		}
		if *keep != "" {
			for ext, data := range map[string][]byte{".svg": svg, ".dot": p.DOT()} {
				if err := os.WriteFile(filepath.Join(*keep, name+ext), data, 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
		wellFormed(t, name, svg)
		for _, banned := range []string{"<script", "href", "url(", "@import", "<image", "<foreignObject"} {
			if bytes.Contains(svg, []byte(banned)) {
				t.Errorf("%s has %s", name, banned)
			}
		}
		for _, n := range p.Nodes {
			if !bytes.Contains(svg, []byte(escape(n.Name))) {
				t.Errorf("%s: node %s is not in the text", name, n.Name)
			}
		}
	}
}

func wellFormed(t testing.TB, name string, svg []byte) {
	t.Helper()
	for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
		_, err := d.Token()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
	}
}

// TestGolden holds the drawings of two clusters against those that were looked at. One of
// them is in the documentation.
func TestGolden(t *testing.T) {
	all := pictures(t)
	for _, name := range []string{"two-node", "split"} {
		for ext, got := range map[string][]byte{".svg": all[name].SVG(), ".dot": all[name].DOT()} {
			path := filepath.Join("testdata", name+ext)
			if name+ext == "two-node.svg" {
				path = "../../docs/two-node.svg"
			}
			if *update {
				if err := os.MkdirAll("testdata", 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s differs; look at the picture, then run with -update", path)
			}
		}
	}
}

// TestDOTIsDOT reads what DOT writes by the part of Graphviz's grammar that it uses:
// every name is in quotes, and edges lead between boxes that are there.
func TestDOTIsDOT(t *testing.T) {
	for name, p := range pictures(t) {
		if err := readDOT(string(p.DOT())); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, bad := range []string{`digraph a {`, `digraph "a" { b; }`, `digraph "a" { "b" [label=x"]; }`, `digraph "a" { "b" -> "c"; }`, `digraph "a" { "b" [label="x"] }`} {
		if readDOT(bad) == nil {
			t.Errorf("%s passes", bad)
		}
	}
}

var (
	dotString = `"(?:[^"\\\n]|\\[n"\\])*"`
	dotValue  = `(?:` + dotString + `|[A-Za-z]+|[0-9.]+)`
	dotAttrs  = `(?: \[[a-z]+=` + dotValue + `(?:, [a-z]+=` + dotValue + `)*\])?`
	dotBox    = regexp.MustCompile(`^(` + dotString + `)` + dotAttrs + `;$`)
	dotEdge   = regexp.MustCompile(`^(?:\{ rank=same; )?(` + dotString + `) -> (` + dotString + `)` + dotAttrs + `;(?: \})?$`)
	dotOther  = regexp.MustCompile(`^(?:(?:node|edge)` + dotAttrs + `;|(?:[a-z]+=` + dotValue + `; ?)+)$`)
	dotOpen   = regexp.MustCompile(`^(?:digraph|subgraph) ` + dotString + ` \{$`)
)

func readDOT(text string) error {
	depth, boxes := 0, map[string]bool{}
	var ends []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if m := dotEdge.FindStringSubmatch(line); m != nil {
			ends = append(ends, m[1:]...)
			continue
		}
		if m := dotBox.FindStringSubmatch(line); m != nil {
			boxes[m[1]] = true
			continue
		}
		switch {
		case dotOpen.MatchString(line):
			depth++
		case line == "}":
			depth--
		case !dotOther.MatchString(line):
			return fmt.Errorf("not DOT: %s", line)
		}
	}
	for _, e := range ends {
		if !boxes[e] {
			return fmt.Errorf("no box %s", e)
		}
	}
	if depth != 0 {
		return fmt.Errorf("%d braces are open", depth)
	}
	return nil
}

// TestGraphvizTakesDOT has Graphviz itself read everything, where it is installed.
func TestGraphvizTakesDOT(t *testing.T) {
	dot, err := exec.LookPath("dot")
	if err != nil {
		t.Skip("needs Graphviz's dot; TestDOTIsDOT checks the grammar without it")
	}
	for name, p := range pictures(t) {
		cmd := exec.CommandContext(t.Context(), dot, "-Tsvg")
		cmd.Stdin = bytes.NewReader(p.DOT())
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if err := cmd.Run(); err != nil || stderr.Len() > 0 {
			t.Errorf("%s: %v\n%s", name, err, stderr.String())
		}
	}
}
