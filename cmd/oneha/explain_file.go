package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/oneha/oneha/cib"
	"github.com/oneha/oneha/internal/spec"
)

// explainsFile tells a description that is to be explained from the name of a key.
// A file that is called like a key needs its path: ./vip.
func explainsFile(arg string) bool {
	if arg == "-" || strings.Contains(arg, "/") || strings.HasSuffix(arg, ".yaml") || strings.HasSuffix(arg, ".yml") {
		return true
	}
	if slices.ContainsFunc(spec.Keys, func(k spec.Key) bool { return k.Path == arg || strings.HasPrefix(k.Path, arg+".") }) {
		return false
	}
	info, err := os.Stat(arg)
	return err == nil && !info.IsDir()
}

// explainFile prints every value that a description leaves to us.
func (t tool) explainFile(c *cli.Context, file string) error {
	name, data, err := t.read(file)
	if err != nil {
		return fmt.Errorf("read description: %w", err)
	}
	cluster, findings := spec.Parse(name, data)
	if findings.HasErrors() {
		t.print(findings)
		return errFindings
	}
	given := spec.GivenBy(data)
	if cluster.Zone != nil {
		return t.explainZone(c, cluster, given)
	}
	if err := t.retarget(c, &cluster); err != nil {
		return err
	}
	if text := c.String("target"); text != "" {
		given["target"] = []string{text}
	}
	values, err := cib.Explain(cluster, given)
	if err != nil {
		return err
	}
	values = append(values, agentDefaults(cluster)...)
	if c.Bool("json") {
		return t.encode(values)
	}
	_, err = fmt.Fprint(t.stdout, explained(cluster, values))
	return err
}

// explained is the text of all values: by part, equal reasons once.
func explained(c spec.Cluster, values []cib.Value) string {
	return explainedIn(fmt.Sprintf("What the cluster %s has and its description does not say. "+
		"A value with * is in no generated file: it is the default of Pacemaker, corosync or an agent.", c.Name), cib.Parts, values)
}

// explainedIn is explained for the parts of whatever is described.
func explainedIn(intro string, parts []cib.Part, values []cib.Value) string {
	var b strings.Builder
	b.WriteString(fold("", intro))
	for _, part := range parts {
		fmt.Fprintf(&b, "\n%s\n", strings.ToUpper(string(part)))
		var in []cib.Value
		for _, v := range values {
			if v.Part == part {
				in = append(in, v)
			}
		}
		for i, v := range in {
			if i == 0 || !sameReason(in[i-1], v) {
				b.WriteString("\n")
			}
			b.WriteString("  " + strings.TrimLeft(fold("      ", valueLine(v)), " "))
			if i+1 == len(in) || !sameReason(v, in[i+1]) {
				b.WriteString(whyOf(v))
			}
		}
	}
	return b.String()
}

func sameReason(a, b cib.Value) bool {
	return a.Why == b.Why && a.Source == b.Source && a.Implied == b.Implied
}

// valueLine is a value with its owners.
func valueLine(v cib.Value) string {
	line := v.Name
	if len(v.Of) > 0 {
		line += " of " + strings.Join(v.Of, ", ")
	}
	line += ": " + v.Value
	if v.Implied {
		line = "* " + line
	}
	return line
}

func whyOf(v cib.Value) string {
	why := fold("      ", v.Why)
	if v.Source != "" {
		why += fold("      ", "Source: "+v.Source+".")
	}
	if v.Key != "" {
		why += fold("      ", "Key: "+v.Key+".")
	}
	return why
}
