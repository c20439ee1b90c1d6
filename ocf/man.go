package ocf

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Manual is what a manual page says beyond an agent's declaration.
type Manual struct {
	Provider string   // the OCF provider, which names the agent's directory
	Package  string   // the package and its version, for the footer
	Date     string   // the day of that version, as 2006-01-02
	SeeAlso  []string // other pages, as name(section)
}

// ManName returns the name of the agent's manual page in section 7, in the form
// that the agents of resource-agents have made usual.
func (a Agent) ManName(provider string) string { return "ocf_" + provider + "_" + a.Name }

// ManPage returns the agent's manual page as man(7) source, the same bytes for
// the same declaration. Its examples set the required parameters.
func (a Agent) ManPage(m Manual) []byte {
	var b roffBuilder
	name := a.ManName(m.Provider)
	b.macro("TH", strings.ToUpper(name), "7", m.Date, m.Package, "OCF resource agents")
	b.WriteString(".nh\n.ad l\n.ss 12 0\n") // no hyphenation and no gaps: much of the text may be typed

	b.macro("SH", "NAME")
	b.words(append([]string{roffEscape(name, true), `\-`}, roffWords(a.Short)...)...)

	b.macro("SH", "SYNOPSIS")
	b.words(bold("ocf:" + m.Provider + ":" + a.Name))
	b.macro("PP")
	b.words(bold("/usr/lib/ocf/resource.d/"+m.Provider+"/"+a.Name), roffEscape("{"+strings.Join(a.actionNames(), "|")+"}", true))

	b.macro("SH", "DESCRIPTION")
	b.paragraphs(a.Long, "PP")

	b.macro("SH", "SUPPORTED PARAMETERS")
	for _, p := range a.Params {
		b.tagged(bold(p.Name), "("+p.kind()+")")
		b.paragraphs(p.Short+". "+p.Long, "IP")
	}

	b.macro("SH", "SUPPORTED ACTIONS")
	b.words(roffWords("The timeouts and intervals are those that the metadata advise.")...)
	for _, act := range a.manActions() {
		b.action(act)
	}

	b.macro("SH", "EXAMPLES")
	b.words("With the crm shell:")
	b.command(a.crmExample(m.Provider)...)
	b.macro("PP")
	b.words("With pcs:")
	b.command(a.pcsExample(m.Provider)...)

	b.macro("SH", "EXIT STATUS")
	for _, s := range a.exitStatuses() {
		b.tagged(bold(strconv.Itoa(int(s.code))), "("+s.name+")")
		b.paragraphs(s.text, "IP")
	}

	b.macro("SH", "SEE ALSO")
	b.references(append([]string{"crm(8)", "crm_mon(8)", "crm_resource(8)", "ocf-tester(8)", "pcs(8)"}, m.SeeAlso...))
	return []byte(b.String())
}

// manActions returns the declared actions and those that Run answers itself.
func (a Agent) manActions() []Action {
	return append(slices.Clip(a.Actions), Agent{}.listed()...)
}

// actionNames returns what the agent can be called with.
func (a Agent) actionNames() []string {
	var names []string
	for _, act := range a.manActions() {
		if act.Depth == 0 {
			names = append(names, act.Name)
		}
	}
	return names
}

// kind says what values the parameter takes.
func (p Param) kind() string {
	kind := string(p.Type)
	switch {
	case p.Required:
		kind += ", required"
	case p.Default == "":
		kind += ", no default"
	default:
		kind += ", default " + bold(p.Default)
	}
	if p.Unique {
		kind += ", unique"
	}
	if p.Example != "" && p.Example != p.Default {
		kind += ", for example " + bold(p.Example)
	}
	if len(p.Aliases) > 0 {
		kind += ", formerly " + bold(strings.Join(p.Aliases, " or "))
	}
	return kind
}

// does says what an action is for, in words that hold for every agent.
func (act Action) does() string {
	switch act.Name {
	case Start:
		return "Starts the resource. One that runs already is a success."
	case Stop:
		return "Stops the resource. One that does not run is a success."
	case Monitor:
		if act.Depth > 0 {
			return fmt.Sprintf("Looks deeper at the resource. The operation needs the attribute OCF_CHECK_LEVEL=%d.", act.Depth)
		}
		return "Reports whether the resource runs."
	case MetaData:
		return "Prints the agent's metadata as XML."
	case ValidateAll:
		return "Checks the parameters, and whether this node can follow them."
	}
	return ""
}

// action writes the entry of an action.
func (b *roffBuilder) action(act Action) {
	head := []string{bold(act.Name)}
	if act.Depth > 0 {
		head = append(head, "at depth", strconv.Itoa(act.Depth))
	}
	b.tagged(head...)
	text := act.does() + " Timeout " + seconds(act.Timeout)
	if act.Interval > 0 {
		text += ", interval " + seconds(act.Interval)
	}
	text += "."
	if act.OnRequest {
		text += " It is not among the metadata's actions, so no tool adds it to a configuration by itself."
	}
	b.paragraphs(text, "IP")
}

// example returns the required parameters as name=value.
func (a Agent) example() []string {
	var params []string
	for _, p := range a.Params {
		if p.Required {
			params = append(params, p.Name+"="+quoted(cmp.Or(p.Example, strings.ToUpper(p.Name))))
		}
	}
	return params
}

// operations returns the advised operations as both shells write them.
func (a Agent) operations() []string {
	var ops []string
	for _, act := range a.Actions {
		if act.OnRequest || act.Name != Start && act.Name != Stop && act.Name != Monitor {
			continue
		}
		op := act.Name + " interval=" + seconds(act.Interval) + " timeout=" + seconds(act.Timeout)
		if act.Depth > 0 {
			op += " OCF_CHECK_LEVEL=" + strconv.Itoa(act.Depth)
		}
		ops = append(ops, op)
	}
	return ops
}

// crmExample and pcsExample return the parts of a command that makes a resource
// of the agent.
func (a Agent) crmExample(provider string) []string {
	parts := []string{"crm configure primitive " + a.Name, "ocf:" + provider + ":" + a.Name}
	if params := a.example(); len(params) > 0 {
		parts = append(append(parts, newLine, "params"), params...)
	}
	for _, op := range a.operations() {
		parts = append(parts, newLine, "op "+op)
	}
	return parts
}

func (a Agent) pcsExample(provider string) []string {
	parts := []string{"pcs resource create " + a.Name, "ocf:" + provider + ":" + a.Name}
	if params := a.example(); len(params) > 0 {
		parts = append(append(parts, newLine), params...)
	}
	for i, op := range a.operations() {
		if i == 0 {
			op = "op " + op // one word for all of them
		}
		parts = append(parts, newLine, op)
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

// exitStatus explains an exit code.
type exitStatus struct {
	code Code
	name string
	text string
}

// exitStatuses returns the codes that the agent's actions may end with.
func (a Agent) exitStatuses() []exitStatus {
	statuses := []exitStatus{
		{SuccessCode, "OCF_SUCCESS", "The action succeeded; for a monitor: the resource runs."},
		{GenericCode, "OCF_ERR_GENERIC", "The action failed, or the resource runs but is not well. The cluster recovers it, here or on another node."},
		{ArgsCode, "OCF_ERR_ARGS", "The agent was not called with exactly one action."},
		{UnimplementedCode, "OCF_ERR_UNIMPLEMENTED", "The agent does not have the action."},
		{PermCode, "OCF_ERR_PERM", "The agent lacks privileges on this node."},
		{InstalledCode, "OCF_ERR_INSTALLED", "Something that the resource needs is missing on this node. The cluster tries other nodes."},
		{ConfiguredCode, "OCF_ERR_CONFIGURED", "A parameter is wrong, on every node alike. The cluster does not start the resource anywhere."},
		{NotRunningCode, "OCF_NOT_RUNNING", "The resource is proved to be stopped."},
	}
	if _, ok := a.action("promote", 0); ok {
		statuses = append(statuses,
			exitStatus{RunningPromotedCode, "OCF_RUNNING_PROMOTED", "The resource runs in the promoted role."},
			exitStatus{FailedPromotedCode, "OCF_FAILED_PROMOTED", "The resource failed in the promoted role."})
	}
	return append(statuses, exitStatus{DegradedCode, "OCF_DEGRADED", "The resource runs, though not as it should. It is not restarted, and status displays say why."})
}
