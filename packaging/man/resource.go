package main

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/oneha/oneha/internal/roff"
	"github.com/oneha/oneha/ocf"
)

// resourceName returns the name of a resource agent's page in section 7, in the
// form that the agents of resource-agents have made usual.
func resourceName(provider string, a ocf.Agent) string { return "ocf_" + provider + "_" + a.Name }

// resourcePage returns the manual page of a resource agent, the same bytes for the
// same declaration. Its examples set the required parameters. The provider names
// the agent's directory; the others are pages to see, as name(section).
func resourcePage(a ocf.Agent, provider string, e edition, others []string) []byte {
	name := resourceName(provider, a)
	p := roff.New(roff.Title{Name: name, Section: "7", Date: e.date, Package: e.from, Manual: "OCF resource agents"})
	p.Name(name, a.Short)

	p.Section("SYNOPSIS")
	p.Fill(roff.Bold("ocf:" + provider + ":" + a.Name))
	p.Paragraph()
	path := "/usr/lib/ocf/resource.d/" + provider + "/" + a.Name
	p.Fill(append([]string{roff.Bold(path)}, roff.Words("{"+strings.Join(callable(a), "|")+"}")...)...)

	p.Section("DESCRIPTION")
	p.Text(a.Long)

	p.Section("SUPPORTED PARAMETERS")
	for _, param := range a.Params {
		p.Entry(roff.Bold(param.Name), "("+paramKind(param)+")")
		p.EntryText(param.Short + ". " + param.Long)
	}

	p.Section("SUPPORTED ACTIONS")
	p.Text("The timeouts and intervals are those that the metadata advise.")
	for _, act := range a.AllActions() {
		head := []string{roff.Bold(act.Name)}
		if act.Depth > 0 {
			head = append(head, "at depth", strconv.Itoa(act.Depth))
		}
		p.Entry(head...)
		p.EntryText(aboutAction(act))
	}

	p.Section("EXAMPLES")
	p.Text("With the crm shell:")
	p.Command(crmResource(a, provider)...)
	p.Paragraph()
	p.Text("With pcs:")
	p.Command(pcsResource(a, provider)...)

	p.Section("EXIT STATUS")
	for _, s := range resourceStatuses(a) {
		p.Entry(roff.Bold(strconv.Itoa(int(s.code))), "("+s.name+")")
		p.EntryText(s.text)
	}

	p.Section("SEE ALSO")
	p.References(append([]string{"crm(8)", "crm_mon(8)", "crm_resource(8)", "ocf-tester(8)", "pcs(8)"}, others...))
	return p.Bytes()
}

// callable returns what the agent can be called with.
func callable(a ocf.Agent) []string {
	var names []string
	for _, act := range a.AllActions() {
		if act.Depth == 0 {
			names = append(names, act.Name)
		}
	}
	return names
}

// paramKind says what values the parameter takes.
func paramKind(p ocf.Param) string {
	kind := string(p.Type)
	switch {
	case p.Required:
		kind += ", required"
	case p.Default == "":
		kind += ", no default"
	default:
		kind += ", default " + roff.Bold(p.Default)
	}
	if p.Unique {
		kind += ", unique"
	}
	if p.Example != "" && p.Example != p.Default {
		kind += ", for example " + roff.Bold(p.Example)
	}
	return kind + formerly(p.Aliases)
}

// formerly names old names of a parameter or option.
func formerly(old []string) string {
	if len(old) == 0 {
		return ""
	}
	names := make([]string, len(old))
	for i, name := range old {
		names[i] = roff.Bold(name)
	}
	return ", formerly " + strings.Join(names, " or ")
}

// aboutAction says what an action is for, in words that hold for every agent, and
// what the metadata advise for it.
func aboutAction(act ocf.Action) string {
	text := ""
	switch act.Name {
	case ocf.Start:
		text = "Starts the resource. One that runs already is a success."
	case ocf.Stop:
		text = "Stops the resource. One that does not run is a success."
	case ocf.Monitor:
		text = "Reports whether the resource runs."
		if act.Depth > 0 {
			text = fmt.Sprintf("Looks deeper at the resource. The operation needs the attribute OCF_CHECK_LEVEL=%d.", act.Depth)
		}
	case ocf.MetaData:
		text = "Prints the agent's metadata as XML."
	case ocf.ValidateAll:
		text = "Checks the parameters, and whether this node can follow them."
	}
	text += " Timeout " + ocf.Seconds(act.Timeout)
	if act.Interval > 0 {
		text += ", interval " + ocf.Seconds(act.Interval)
	}
	text += "."
	if act.OnRequest {
		text += " It is not among the metadata's actions, so no tool adds it to a configuration by itself."
	}
	return text
}

// required returns the required parameters as name=value.
func required(a ocf.Agent) []string {
	var params []string
	for _, p := range a.Params {
		if p.Required {
			params = append(params, p.Name+"="+quoted(cmp.Or(p.Example, strings.ToUpper(p.Name))))
		}
	}
	return params
}

// operations returns the advised operations as both shells write them.
func operations(a ocf.Agent) []string {
	var ops []string
	for _, act := range a.Actions {
		if act.OnRequest || act.Name != ocf.Start && act.Name != ocf.Stop && act.Name != ocf.Monitor {
			continue
		}
		op := act.Name + " interval=" + ocf.Seconds(act.Interval) + " timeout=" + ocf.Seconds(act.Timeout)
		if act.Depth > 0 {
			op += " OCF_CHECK_LEVEL=" + strconv.Itoa(act.Depth)
		}
		ops = append(ops, op)
	}
	return ops
}

// crmResource and pcsResource return the parts of a command that makes a resource
// of the agent.
func crmResource(a ocf.Agent, provider string) []string {
	parts := []string{"crm configure primitive " + a.Name, "ocf:" + provider + ":" + a.Name}
	if params := required(a); len(params) > 0 {
		parts = append(append(parts, roff.NewLine, "params"), params...)
	}
	for _, op := range operations(a) {
		parts = append(parts, roff.NewLine, "op "+op)
	}
	return parts
}

func pcsResource(a ocf.Agent, provider string) []string {
	parts := []string{"pcs resource create " + a.Name, "ocf:" + provider + ":" + a.Name}
	if params := required(a); len(params) > 0 {
		parts = append(append(parts, roff.NewLine), params...)
	}
	for i, op := range operations(a) {
		if i == 0 {
			op = "op " + op // one word for all of them
		}
		parts = append(parts, roff.NewLine, op)
	}
	return parts
}

// quoted renders a value for a shell.
func quoted(s string) string {
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && strings.IndexByte("%+,-./:=@_", c) < 0 {
			return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
		}
	}
	return s
}

// resourceStatus explains an exit code.
type resourceStatus struct {
	code ocf.Code
	name string
	text string
}

// resourceStatuses returns the codes that the agent's actions may end with.
func resourceStatuses(a ocf.Agent) []resourceStatus {
	statuses := []resourceStatus{
		{ocf.SuccessCode, "OCF_SUCCESS", "The action succeeded; for a monitor: the resource runs."},
		{ocf.GenericCode, "OCF_ERR_GENERIC", "The action failed, or the resource runs but is not well. The cluster recovers it, here or on another node."},
		{ocf.ArgsCode, "OCF_ERR_ARGS", "The agent was not called with exactly one action."},
		{ocf.UnimplementedCode, "OCF_ERR_UNIMPLEMENTED", "The agent does not have the action."},
		{ocf.PermCode, "OCF_ERR_PERM", "The agent lacks privileges on this node."},
		{ocf.InstalledCode, "OCF_ERR_INSTALLED", "Something that the resource needs is missing on this node. The cluster tries other nodes."},
		{ocf.ConfiguredCode, "OCF_ERR_CONFIGURED", "A parameter is wrong, on every node alike. The cluster does not start the resource anywhere."},
		{ocf.NotRunningCode, "OCF_NOT_RUNNING", "The resource is proved to be stopped."},
	}
	if slices.ContainsFunc(a.Actions, func(act ocf.Action) bool { return act.Name == "promote" }) {
		statuses = append(statuses,
			resourceStatus{ocf.RunningPromotedCode, "OCF_RUNNING_PROMOTED", "The resource runs in the promoted role."},
			resourceStatus{ocf.FailedPromotedCode, "OCF_FAILED_PROMOTED", "The resource failed in the promoted role."})
	}
	return append(statuses, resourceStatus{ocf.DegradedCode, "OCF_DEGRADED", "The resource runs, though not as it should. It is not restarted, and status displays say why."})
}
