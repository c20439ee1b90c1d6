package main

import (
	"slices"
	"strings"

	"github.com/oneha/oneha/fence"
	"github.com/oneha/oneha/internal/roff"
)

// trial is what the examples of a fence agent's page say beside the address, the
// user and the password file, and the stock agent that its users may know.
type trial struct {
	stock   string
	options []string
}

var trials = map[string]trial{
	"fence_bmc_ilo":     {"fence_ilo(8)", []string{"ssl_ca_file=/etc/oneha/bmc-ca.pem"}},
	"fence_bmc_ilo_ssh": {"fence_ilo_ssh(8)", []string{"known_hosts=/etc/oneha/known_hosts"}},
	"fence_bmc_ipmi":    {"fence_ipmilan(8)", nil},
	"fence_bmc_redfish": {"fence_redfish(8)", []string{"ssl_ca_file=/etc/oneha/bmc-ca.pem"}},
}

// passwordFile is that of the examples.
const passwordFile = "/etc/oneha/bmc"

// example returns the options of an example as name=value.
func (t trial) example() []string {
	return append([]string{"ip=192.0.2.20", "username=oneha", "password_file=" + passwordFile}, t.options...)
}

// fencePage returns the manual page of a fence agent in section 8. The others are
// pages to see, as name(section).
func fencePage(a fence.Agent, e edition, others []string) []byte {
	t := trials[a.Name]
	p := roff.New(roff.Title{Name: a.Name, Section: "8", Date: e.date, Package: e.from, Manual: "Fence agents"})
	p.Name(a.Name, a.Short)

	p.Section("SYNOPSIS")
	p.Fill(roff.Bold(a.Name), "<", roff.Italic("file"))
	p.Paragraph()
	p.Fill(roff.Bold(a.Name), "["+roff.Italic("flags")+"]")

	p.Section("DESCRIPTION")
	p.Text(a.Long)
	p.Paragraph()
	p.Text(howItFences)

	p.Section("OPTIONS")
	p.Text(howOptionsAreGiven)
	for _, g := range a.OptionGroups() {
		p.Subsection(g.Name)
		for _, o := range g.Options {
			p.Entry(roff.Bold(o.Name), "("+optionKind(o)+")")
			p.Fill(onCommandLine(o)...)
			p.Break()
			p.EntryText(optionText(o))
		}
	}

	p.Section("ACTIONS")
	for _, action := range a.Actions() {
		p.Entry(roff.Bold(action))
		p.EntryText(fenceActions[action])
	}

	p.Section("EXIT STATUS")
	for _, s := range fenceStatuses {
		p.Entry(roff.Bold(s.name))
		p.EntryText(s.text)
	}

	p.Section("ENVIRONMENT")
	p.Entry(roff.Bold("PCMK_service"))
	p.EntryText(underPacemaker)

	p.Section("FILES")
	for _, f := range fenceFiles(a) {
		p.Entry(roff.Bold(f.name))
		p.EntryText(f.text)
	}

	p.Section("EXAMPLES")
	fenceExamples(p, a.Name, t)

	p.Section("SECURITY")
	p.Text(strings.Join(fenceSecurity(a), "\n"))

	p.Section("SEE ALSO")
	p.References(slices.Concat([]string{t.stock}, others, []string{"crm(8)", "pacemaker-fenced(7)", "pcs(8)", "stonith_admin(8)"}))
	return p.Bytes()
}

// optionKind says what values the option takes.
func optionKind(o fence.Option) string {
	kind := string(o.Type)
	switch {
	case o.Secret:
		kind += ", secret"
	case o.Type == fence.Second:
		kind = "seconds"
	case o.Type == fence.Select:
		kind = "choice"
	}
	switch {
	case o.Default != "":
		kind += ", default " + roff.Bold(o.Default)
	case o.Required:
		kind += ", required"
	}
	return kind + formerly(o.Old)
}

// onCommandLine is the option as it is typed.
func onCommandLine(o fence.Option) []string {
	var words []string
	for _, flag := range o.Flags() {
		word := roff.Bold(flag)
		switch {
		case o.Arg == "":
		case strings.HasPrefix(flag, "--"):
			word += "=" + roff.Italic(o.Arg)
		default:
			word += " " + roff.Italic(o.Arg)
		}
		words = append(words, word+",")
	}
	last := len(words) - 1
	words[last] = strings.TrimSuffix(words[last], ",")
	return words
}

func optionText(o fence.Option) string {
	text := o.Text + "."
	if o.Type == fence.Select {
		text += " One of " + strings.Join(o.Choices, ", ") + "."
	}
	return text
}

// fenceExamples writes how a device is tried and how a cluster gets it.
func fenceExamples(p *roff.Page, agent string, t trial) {
	options := t.example()
	p.Text("The password file, on every node; an editor writes the password into its first line:")
	p.Literal("install -d -m 700 /etc/oneha", "install -m 600 /dev/null "+passwordFile)
	p.Paragraph()
	p.Text("Trying a device by hand, as the cluster does it and then with flags:")
	p.Literal(slices.Concat([]string{agent + " <<end", "action=" + fence.ActionStatus}, options, []string{"end"})...)
	flags := []string{agent, "--action=" + fence.ActionStatus}
	for _, o := range options {
		flags = append(flags, flagOf(o))
	}
	p.Command(flags...)
	p.Paragraph()
	p.Text("A device that fences the node one-server1, and runs elsewhere, with pcs:")
	options = append([]string{"pcmk_host_list=one-server1"}, options...)
	const monitor = "op monitor interval=60s timeout=60s"
	p.Command(slices.Concat([]string{"pcs stonith create fence-one-server1", agent, roff.NewLine}, options, []string{roff.NewLine, monitor})...)
	p.Command("pcs constraint location fence-one-server1", "avoids one-server1")
	p.Paragraph()
	p.Text("The same with the crm shell:")
	p.Command(slices.Concat([]string{"crm configure primitive fence-one-server1", "stonith:" + agent, roff.NewLine, "params"}, options, []string{roff.NewLine, monitor})...)
	p.Command("crm configure location fence-one-server1-elsewhere", "fence-one-server1", "-inf:", "one-server1")
}

// flagOf is a name=value as a flag.
func flagOf(option string) string {
	name, value, _ := strings.Cut(option, "=")
	return "--" + strings.ReplaceAll(name, "_", "-") + "=" + value
}

// fenceFiles are the files that the page names: those with a fixed place, and
// those that an option names by default.
func fenceFiles(a fence.Agent) []described {
	files := []described{
		{"/usr/sbin/" + a.Name, "The agent: a link to /usr/lib/oneha/fence-bmc, which knows by its name which agent it is."},
		{passwordFile, "The file with the password in the examples; password_file may name any other."},
	}
	for _, g := range a.OptionGroups() {
		for _, o := range g.Options {
			if o.Arg == "file" && strings.HasPrefix(o.Default, "/") {
				files = append(files, described{o.Default, "The file that " + o.Name + " names when it is not set."})
			}
		}
	}
	return files
}

// fenceSecurity returns the paragraphs that hold for the agent.
func fenceSecurity(a fence.Agent) []string {
	paragraphs := []string{secrets}
	for _, g := range a.OptionGroups() {
		for _, o := range g.Options {
			if text := optionSecurity[o.Name]; text != "" {
				paragraphs = append(paragraphs, text)
			}
		}
	}
	return append(paragraphs, account)
}
