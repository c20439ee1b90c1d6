package spec

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/oneha/oneha/internal/one"
)

// FuzzParse holds Parse to its contract: no panic, places inside the file, one
// answer for one input, and a Cluster without errors keeps its promises.
func FuzzParse(f *testing.F) {
	f.Add([]byte(base))
	for _, pattern := range []string{"*.yaml", "invalid/*.yaml"} {
		files, err := filepath.Glob(filepath.Join(examples, pattern))
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, findings := Parse("f", data)
		if again, same := Parse("f", data); !cmp.Equal(findings, same) || !cmp.Equal(c, again, addresses, prefixes) {
			t.Fatal("a second look at the same input gives another answer")
		}
		lines := strings.Split(strings.TrimPrefix(string(data), "\ufeff"), "\n")
		for _, x := range findings {
			if x.Line < 1 || x.Line > len(lines) || x.Column < 1 || x.Column > utf8.RuneCountInString(lines[x.Line-1])+1 {
				t.Errorf("outside the file: %s", x)
			}
			if x.File != "f" || x.What == "" || x.Fix == "" || strings.ContainsFunc(x.String(), isControl) {
				t.Errorf("not one line with what and fix: %q", x)
			}
		}
		if !findings.HasErrors() {
			checkInvariants(t, c)
		}
	})
}

// checkInvariants holds a Cluster to what package cib relies on.
func checkInvariants(t *testing.T, c Cluster) {
	t.Helper()
	expect := func(ok bool, what string) {
		t.Helper()
		if !ok {
			t.Errorf("%s: %+v", what, c)
		}
	}
	expect(clusterName.MatchString(c.Name), "cluster name")
	expect(c.Layout == Staged || c.Layout == Colocation || c.Layout == Group, "layout")
	expect(c.Token >= minToken && c.Token <= maxToken && c.Token%time.Millisecond == 0, "token")
	expect(len(c.Nodes) >= minNodes && len(c.Nodes) <= maxNodes, "number of nodes")
	expect(len(c.Fencing) == len(c.Nodes), "one fence device per node")
	expect(c.VIP.Address.IsValid() && unfit(c.VIP.Address.Addr()) == "", "VIP")
	expect(len(c.Files) > 0 || !slices.ContainsFunc(c.Fencing, func(d FenceDevice) bool { return has(d, "password_file") }), "password files are listed")

	seen := map[string]bool{c.VIP.Address.Addr().String(): true}
	names := map[string]bool{}
	delays := 0
	for i, n := range c.Nodes {
		expect(n.ID == i+1, "node id")
		expect(isHostName(n.Name, maxNodeName) && !names[strings.ToLower(n.Name)], "node name")
		names[strings.ToLower(n.Name)] = true
		expect(len(n.Addrs) > 0 && len(n.Addrs) == len(c.Nodes[0].Addrs), "links")
		for link, a := range n.Addrs {
			expect(unfit(a) == "" && !seen[a.String()], "address")
			expect(a.Is4() == c.Nodes[0].Addrs[link].Is4(), "family of a link")
			seen[a.String()] = true
		}
	}
	for i, d := range c.Fencing {
		expect(d.Target == c.Nodes[i].Name && d.ID == "fence-"+d.Target && d.Agent != "", "fence device")
		expect(slices.IsSortedFunc(d.Options, func(a, b Option) int { return strings.Compare(a.Name, b.Name) }), "order of options")
		expect(has(d, "ip") && has(d, "username") && has(d, "password_file") != has(d, "password_script") && !has(d, "password"), "options")
		if d.Delay != 0 {
			delays++
			expect(d.Delay > 0 && d.Delay <= maxFenceDelay && d.Delay%time.Second == 0, "delay")
			expect(c.Prefer == "" && i == 0 || c.Prefer == d.Target, "node that is protected")
		}
	}
	expect(delays <= 1 && (delays == 1 || len(c.Nodes) > 2), "number of delays")
	expect(c.Prefer == "" || names[strings.ToLower(c.Prefer)], "preferred node")
	expect(len(c.Services) > 0 && c.Services[0] == "oned", "services")
	for i, s := range c.Services {
		_, known := one.ServiceNamed(s)
		expect(known && slices.Index(c.Services, s) == i, "service")
	}
	for i, p := range c.Properties {
		expect(property.MatchString(p.Name) && p.Value != "", "property")
		expect(i == 0 || c.Properties[i-1].Name < p.Name, "order of properties")
	}
}

func has(d FenceDevice, option string) bool {
	return slices.ContainsFunc(d.Options, func(o Option) bool { return o.Name == option })
}
