package cib

import (
	"fmt"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/spec"
)

// classic is the layout that peers are measured with: two nodes with a BMC each, a
// floating IP and four services.
func classic() spec.Cluster { return twoNodes(spec.Colocation, allServices...) }

// BenchmarkGenerateClassic makes all four files of it, from the text of the file on.
func BenchmarkGenerateClassic(b *testing.B) {
	text, err := os.ReadFile("../examples/colocation.yaml")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		c, findings := spec.Parse("oneha.yaml", text)
		if len(findings) > 0 {
			b.Fatal(findings)
		}
		if _, err := Generate(c); err != nil {
			b.Fatal(err)
		}
	}
}

// large is a model of that many resources, in four groups, with a constraint for
// each of the rest: more than any description can ask for.
func large(resources int) Model {
	m := Build(classic())
	m.Groups = []Group{{ID: "g0"}, {ID: "g1"}, {ID: "g2"}, {ID: "g3"}}
	for len(m.Primitives) < resources {
		i := len(m.Primitives)
		id := fmt.Sprintf("r%d", i)
		m.Primitives = append(m.Primitives, floatingIP(spec.VIP{ID: id, Address: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 9, byte(i >> 8), byte(i)}), 16)}, spec.Ours))
		if i%2 == 0 {
			m.Colocations = append(m.Colocations, Colocation{ID: "with-" + id, Resources: []string{id}, With: "vip", Score: Infinity})
			m.Orders = append(m.Orders, Order{ID: "after-" + id, First: "vip", Then: []string{id}})
			continue
		}
		m.Groups[i%8/2].Members = append(m.Groups[i%8/2].Members, id)
	}
	return m
}

func renderAll(tb testing.TB, m Model) {
	tb.Helper()
	if err := m.check(); err != nil {
		tb.Fatal(err)
	}
	for _, d := range dialects {
		if _, err := d.render(m); err != nil {
			tb.Fatal(err)
		}
	}
}

func BenchmarkRender(b *testing.B) {
	for _, n := range []int{125, 250, 500, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			m := large(n)
			b.ReportAllocs()
			for b.Loop() {
				renderAll(b, m)
			}
		})
	}
}

// TestSpeed holds the files to their limits, with the best of some runs, which is what
// a busy machine can still show: 30 ms for the classic layout, 100 ms for 500
// resources, and a time that grows as the number does.
func TestSpeed(t *testing.T) {
	if testing.Short() {
		t.Skip("measures for a second")
	}
	best := func(f func()) time.Duration {
		shortest := time.Hour
		for range 15 {
			start := time.Now()
			f()
			shortest = min(shortest, time.Since(start))
		}
		return shortest
	}
	small := best(func() {
		if _, err := Generate(classic()); err != nil {
			t.Fatal(err)
		}
	})
	half, full := large(500), large(1000)
	var at500, at1000 time.Duration
	for range 3 { // another process may have had the processor in one of the measurements
		at500, at1000 = best(func() { renderAll(t, half) }), best(func() { renderAll(t, full) })
		if at1000 <= 3*at500 {
			break
		}
	}
	t.Logf("classic %s, 500 resources %s, 1000 resources %s", small, at500, at1000)
	if small > 30*time.Millisecond {
		t.Errorf("the classic layout takes %s, at most 30 ms are allowed", small)
	}
	if at500 > 100*time.Millisecond {
		t.Errorf("500 resources take %s, at most 100 ms are allowed", at500)
	}
	if at1000 > 3*at500 { // 2 would be exact, 4 quadratic
		t.Errorf("1000 resources take %s, 500 take %s: not linear", at1000, at500)
	}
}
