package runbook

import (
	"fmt"
	"slices"
	"strings"

	"github.com/oneha/oneha/internal/spec"
)

// prove is what turns a configuration into a cluster that somebody has seen fail.
func (b *book) prove() []Step {
	steps := []Step{
		{
			ID: "running", Title: "See that everything runs", On: []string{b.first},
			Commands:  []string{"crm_verify --live-check --verbose", "crm_mon -1r"},
			Expect:    "Nothing from the first command. In the second every resource is Started: " + b.placement() + "; no Failed Actions.",
			Otherwise: "A failed action has its reason beside it. When that is mended: crm_resource --cleanup --resource NAME.",
		},
		{
			ID: "check", Title: "Check the cluster and each node", On: b.nodes,
			Commands:  []string{"oneha check --cib live " + word(b.file), "oneha check --node " + word(b.file)},
			Expect:    "No error. A warning that stays should be one that you decided to live with.",
			Otherwise: "oneha check --explain RULE says why, and what to do. Without oneha or the description on a node, copy both there.",
		},
		{
			ID: "reach", Title: "Reach the service at its floating IP", Where: "a machine of the users",
			Commands:  b.reach(),
			Expect:    "An answer from each address; the web interface lets you log in.",
			Otherwise: "From a node but not from elsewhere: the network does not learn of the address. Look for ARP or port filters on the switch.",
		},
	}
	steps = append(steps, b.devices()...)
	steps = append(steps, b.fencings()...)
	return append(steps, b.failures()...)
}

// placement says where everything belongs.
func (b *book) placement() string {
	head := "the services on one node"
	if b.c.Prefer != "" {
		head = "the services on " + b.c.Prefer
	}
	for _, d := range b.c.Domains {
		head += ", those of " + d.Name
		if d.Prefer != "" {
			head += " on " + d.Prefer
		} else {
			head += " on one of the nodes"
		}
	}
	return head + ", each fence device on a node that is not its target"
}

func (b *book) reach() (commands []string) {
	vips := append([]spec.VIP{b.c.VIP}, b.c.MoreVIPs...)
	for _, d := range b.c.Domains {
		vips = append(vips, d.VIPs...)
	}
	for _, v := range vips {
		ping := "ping -c 3 "
		if v.Address.Addr().Is6() {
			ping = "ping -6 -c 3 "
		}
		commands = append(commands, ping+v.Address.Addr().String())
	}
	return commands
}

// devices asks each fence device for the power of each of its nodes: those of this
// project by oneha fence probe, others as Pacemaker does, options by standard input.
func (b *book) devices() []Step {
	var commands []string
	secret, ours := false, false
	for _, d := range b.c.Fencing {
		if strings.HasPrefix(d.Agent, "fence_bmc_") {
			ours = true
			continue
		}
		var lines []string
		for _, o := range d.Options {
			if o.Value == spec.StoredSecret {
				secret = true
				continue
			}
			lines = append(lines, word(o.Name+"="+o.Value))
		}
		ask := func(plug string) {
			words := slices.Clone(lines)
			if plug != "" {
				words = append(words, word("plug="+plug))
			}
			commands = append(commands, fmt.Sprintf("printf '%%s\\n' %s action=status | %s", strings.Join(words, " "), d.Agent))
		}
		if len(d.Plugs) == 0 {
			ask("")
		}
		for _, p := range d.Plugs {
			plugs := strings.Split(p.Plug, ",")
			if p.Plug == "" {
				plugs = []string{p.Node}
			}
			for _, plug := range plugs {
				ask(plug)
			}
		}
	}
	expect := "Status: ON for each."
	switch {
	case ours && len(commands) > 0:
		expect = "Every login succeeds and every setting fits; Status: ON for each of the others."
	case ours:
		expect = "Every login succeeds and every setting fits."
	case len(commands) == 0:
		return nil
	}
	if ours {
		commands = append([]string{"oneha fence probe -f " + word(b.file)}, commands...)
	}
	step := Step{
		ID: "devices", Title: "Ask every fence device", On: b.nodes,
		Why:       "On every node: each may have to fence each other. Nothing is switched.",
		Commands:  commands,
		Expect:    expect,
		Otherwise: "A wrong password, an account without the right, a BMC that cannot be reached from this node: the message says which.",
	}
	if secret {
		step.Otherwise += " A device whose secret cibsecret keeps cannot be asked this way; the next steps do."
	}
	return []Step{step}
}

// fencings fences every node once, those without services first.
func (b *book) fencings() (steps []Step) {
	if len(b.c.Fencing) == 0 {
		return nil
	}
	order := slices.Clone(b.nodes)
	slices.Reverse(order)
	for _, node := range order {
		by := b.first
		if node == b.first {
			by = b.other[0]
		}
		steps = append(steps, Step{
			ID: "fence-" + strings.Trim(strings.Map(idRune, strings.ToLower(node)), "-"), Title: "Fence " + node + " once", On: []string{by}, Interrupt: true,
			Why:       "Fencing that was never tried is no fencing.",
			Commands:  []string{"stonith_admin --reboot " + node, "stonith_admin --history " + node + " --verbose", "crm_mon -1r"},
			Expect:    "The power of " + node + " goes off and comes back; the first command ends with 0 after it was seen off. What ran there runs on another node by then, and " + node + " joins again when it has booted.",
			Otherwise: "Do not go on. stonith_admin --history and journalctl -u pacemaker on " + by + " have the fence agent's message. A node that stays off has a BMC that switches off but not on: power_wait, or its setting after a power loss.",
		})
	}
	return steps
}

// failures is those that a cluster is for.
func (b *book) failures() []Step {
	protected := b.c.Protected()
	fenced := "exactly one of the nodes is fenced"
	if len(b.nodes) == 2 && b.qdevice == "" {
		fenced = protected + " stays, and the other node is fenced"
	} else if len(b.nodes) > 2 || b.qdevice != "" {
		fenced = "the node that was cut off is fenced"
	}
	what := "the cable"
	if b.links > 1 {
		what = fmt.Sprintf("the cables of all %d links", b.links)
	}
	return []Step{
		{
			ID: "oned", Title: "Kill oned", Where: "the node that oned runs on", Interrupt: true,
			Commands:  []string{"pkill -KILL -x oned", "crm_mon -1r"},
			Expect:    "Within half a minute oned runs again on the same node; crm_mon has the failure in its list.",
			Otherwise: "journalctl -u pacemaker, and /var/log/one/oned.log. Afterwards: crm_resource --cleanup --resource oned.",
		},
		{
			ID: "standby", Title: "Move the services on purpose", On: []string{b.first}, Interrupt: true,
			Why:       "As for maintenance. NODE is the one with the services.",
			Commands:  []string{"crm_standby --node NODE --update on", "crm_mon -1r", "crm_standby --node NODE --delete"},
			Expect:    "The services stop on NODE and start on another; they stay there when standby ends.",
			Otherwise: "A stop that fails gets the node fenced. The resource's log says what did not stop.",
		},
		{
			ID: "cable", Title: "Pull the cable once", Where: "the machine room", Interrupt: true,
			Why:       "Two nodes that lost sight of each other must not both go on. Pull " + what + " of the node with the services; the BMCs keep their network.",
			Expect:    "After some seconds " + fenced + ", and the services run on what is left, once. With the cable back and the node booted, crm_mon shows all online.",
			Otherwise: "Both fenced: the delay is too short for these BMCs, see fence_delay. None fenced, and nothing runs: fencing cannot reach the BMC over the network that is left.",
		},
	}
}
