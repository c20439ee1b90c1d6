package fencing

import (
	"encoding/xml"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// parameter is an option as an agent's metadata declares it; an old name is one of
// its own.
type parameter struct {
	Name       string `xml:"name,attr"`
	Required   string `xml:"required,attr"`
	Deprecated string `xml:"deprecated,attr"`
	Obsoletes  string `xml:"obsoletes,attr"`
	Getopt     struct {
		Mixed string `xml:"mixed,attr"` // "-a, --ip=[ip]"
	} `xml:"getopt"`
	Content struct {
		Type    string `xml:"type,attr"`
		Default string `xml:"default,attr"`
		Choices []struct {
			Value string `xml:"value,attr"`
		} `xml:"option"`
	} `xml:"content"`
}

// metadata is what of an agent's metadata is compared.
type metadata struct {
	Parameters []parameter `xml:"parameters>parameter"`
	Actions    []struct {
		Name       string     `xml:"name,attr"`
		Attributes []xml.Attr `xml:",any,attr"`
	} `xml:"actions>action"`
}

// flagForm finds the flags in a parameter's getopt, without what their values are
// called.
var flagForm = regexp.MustCompile(`--?[A-Za-z0-9][A-Za-z0-9.-]*`)

func (p parameter) flags() []string { return flagForm.FindAllString(p.Getopt.Mixed, -1) }

// declared returns an agent's metadata.
func declared(t *testing.T, agent string) metadata {
	t.Helper()
	cmd := exec.Command(agent)
	cmd.Stdin = strings.NewReader("action=metadata\n")
	text, err := cmd.Output()
	if err != nil {
		t.Fatalf("metadata of %s: %v", agent, err)
	}
	var m metadata
	if err := xml.Unmarshal(text, &m); err != nil {
		t.Fatalf("metadata of %s: %v", agent, err)
	}
	if len(m.Parameters) == 0 || len(m.Actions) == 0 {
		t.Fatalf("metadata of %s: nothing is declared", agent)
	}
	return m
}

// everyForm checks that each option that the stock agent declares is given in some
// row in each of its forms: by each name on standard input and by each flag.
func everyForm[R caller](t *testing.T, stock string, rows []R) {
	t.Helper()
	for _, p := range declared(t, stock).Parameters {
		forms := append([]string{p.Name + "="}, p.flags()...)
		for _, form := range forms {
			if !slices.ContainsFunc(rows, func(r R) bool { return r.call().gives(form) }) {
				t.Errorf("option %s of %s is given by %s in no row", p.Name, stock, form)
			}
		}
	}
}

// gives reports whether an option is given in a form: "name=" on standard input, a
// long or a short flag.
func (c call) gives(form string) bool {
	if !strings.HasPrefix(form, "-") {
		return strings.Contains("\n"+c.stdin, "\n"+form)
	}
	return slices.ContainsFunc(c.args, func(arg string) bool {
		name, _, _ := strings.Cut(arg, "=")
		return name == form || !strings.HasPrefix(form, "--") && strings.HasPrefix(arg, form)
	})
}

func TestCallGives(t *testing.T) {
	c := call{args: []string{"--ip=x", "-n1", "--ssl"}, stdin: "nodename=n\nip=x\n"}
	for form, want := range map[string]bool{"ip=": true, "nodename=": true, "name=": false, "--ip": true, "--i": false, "-n": true, "-i": false, "--ssl": true, "-s": false} {
		if c.gives(form) != want {
			t.Errorf("gives(%q) = %v", form, !want)
		}
	}
}

// declarations are a stock agent and one of ours that takes its place.
var declarations = []struct{ stock, ours string }{
	{stockIPMI, ourIPMI},
	{stockRedfish, ourRedfish},
	{stockRedfish, ourILO},
	{"fence_ilo", ourILO},
	{stockILOSSH, ourILOSSH},
}

// TestInsideDeclarations compares what the metadata say, in a disposable machine:
// each option with its flags, and each action. What ours declare beyond that is
// new.
func TestInsideDeclarations(t *testing.T) {
	file := resultsFile(t)
	found := results{}
	for _, d := range declarations {
		stock, ours := declared(t, d.stock).rows(), declared(t, d.ours).rows()
		for name, o := range stock {
			found[d.ours+" as "+d.stock+": "+name] = pair{o, ours[name]}
		}
	}
	write(t, file, report{Found: found})
}

// rows are the options and actions by their names.
func (m metadata) rows() map[string]outcome {
	all := map[string]outcome{}
	for _, p := range m.Parameters {
		o := outcome{"flags": strings.Join(p.flags(), " "), "type": p.Content.Type, "default": p.Content.Default, "required": p.Required, "names": ""}
		for _, c := range p.Content.Choices {
			o["type"] += " " + c.Value
		}
		switch {
		case p.Obsoletes != "":
			o["names"] = "in place of " + p.Obsoletes
		case p.Deprecated == "1":
			o["names"] = "old"
		}
		all["option "+p.Name] = o
	}
	for _, a := range m.Actions {
		o := outcome{"action": "declared"}
		for _, attr := range a.Attributes {
			o["action"] += fmt.Sprintf(" %s=%s", attr.Name.Local, attr.Value)
		}
		all["action "+a.Name] = o
	}
	return all
}
