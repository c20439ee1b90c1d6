package lint

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/oneha/oneha/internal/diag"
)

func quorumConfiguration(s *side, r *report) {
	c := s.corosync
	two := isTrue(c.get("quorum", "two_node").value)
	nodes := len(c.nodes)
	expected, _ := strconv.Atoi(c.get("quorum", "expected_votes").value)
	if nodes == 0 {
		nodes = expected
	}
	switch {
	case c.plugin():
	case c.get("quorum", "provider").name == "" && nodes > 0:
		r.add(c.root.place, "there is no quorum provider: every partition takes itself for the cluster", "add quorum { provider: corosync_votequorum }")
	case c.device() && two:
		r.add(c.place("quorum", "two_node"), "two_node is set beside a quorum device, whose vote it makes worthless", "remove two_node")
	case nodes == 2 && !two && !c.device():
		r.add(c.place("quorum", "two_node"), "there are two nodes and two_node is not set: when one fails, the other has no quorum and stops everything", "set two_node: 1 in the section quorum")
	case nodes > 2 && two:
		r.add(c.place("quorum", "two_node"), fmt.Sprintf("two_node is set for %d nodes", nodes), "remove it")
	}
	plain := !slices.ContainsFunc(c.nodes, func(n corosyncNode) bool { return n.votes.name != "" && n.votes.value != "1" })
	if len(c.nodes) > 0 && expected > 0 && expected != nodes && plain && !c.device() {
		r.add(c.place("quorum", "expected_votes"), fmt.Sprintf("expected_votes is %d, and the list has %s", expected, diag.Count(nodes, "node")), "remove it: corosync counts the list")
	}
	s.compareNodes(r)
}

// compareNodes compares the nodes of the CIB and of corosync.conf, and both with
// those of a description that was given with them.
func (s *side) compareNodes(r *report) {
	var members []string
	if s.cib != nil {
		for _, n := range s.cib.nodes {
			if !n.remote && n.name != "" {
				members = append(members, n.name)
			}
		}
	}
	names := s.corosync.names()
	if len(names) != len(s.corosync.nodes) || len(names) == 0 {
		return // some go by their addresses
	}
	if len(members) > 0 {
		if missing := without(members, names); len(missing) > 0 {
			r.add(s.nodePlace(missing[0]), fmt.Sprintf("the CIB has %s, which corosync.conf does not list", and(missing)), "remove a node that is gone with crm_node --force --remove NAME, or list it")
		}
		if missing := without(names, members); len(missing) > 0 {
			r.add(s.nodePlace(missing[0]), fmt.Sprintf("corosync.conf lists %s, which the CIB does not have", and(missing)), "give every node the name that `uname -n` prints there")
		}
	}
	if s.file != nil || s.Description == nil || s.Description.corosync == nil {
		return
	}
	wanted := s.Description.corosync.names()
	if missing, more := without(wanted, names), without(names, wanted); len(missing)+len(more) > 0 {
		r.add(s.corosync.root.place, fmt.Sprintf("corosync.conf lists %s, and the description %s", and(names), and(wanted)), "make them agree")
	}
}

// without returns the names of a that b does not have.
func without(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(n string) bool { return containsFold(b, n) })
}

func quorumIgnored(w *world, r *report) {
	for _, s := range w.sides {
		if s.cib != nil {
			stack, _ := s.cib.property("cluster-infrastructure")
			old := stack.value != "" && stack.value != "corosync" || s.corosync != nil && s.corosync.plugin()
			if p, ok := s.cib.property("no-quorum-policy"); ok && p.value == "ignore" && !old {
				r.add(p.place, "no-quorum-policy is ignore: a node that boots alone fences its healthy peer and starts everything", "remove it; with two_node a survivor keeps quorum anyway")
			}
		}
		if s.corosync != nil {
			c := s.corosync
			if p := c.get("quorum", "wait_for_all"); p.name != "" && !isTrue(p.value) && isTrue(c.get("quorum", "two_node").value) {
				r.add(p.place, "wait_for_all is off with two_node: a node that boots alone has quorum and fences its healthy peer", "remove it; two_node turns it on")
			}
		}
	}
}

func totemTiming(s *side, r *report) {
	c := s.corosync
	token := c.milliseconds("token")
	given := token > 0
	if !given {
		if !s.corosyncVersion.before(version{3, 1, 0}) {
			return // 3 s, or not known
		}
		token = time.Second
	}
	if token < 3*time.Second {
		what := fmt.Sprintf("token is %d ms", token.Milliseconds())
		if !given {
			what = fmt.Sprintf("token is not set, which is 1000 ms in corosync %s", s.corosyncVersion)
		}
		r.add(c.place("totem", "token"), what+": a pause as short as that of a virtual machine's migration or of a busy switch gets a node fenced", "3000 ms is the usual value, 5000 ms where networks stall")
	}
	if consensus := c.milliseconds("consensus"); consensus > 0 && consensus < token+token/5 {
		r.add(c.place("totem", "consensus"), fmt.Sprintf("consensus is %d ms, less than 1.2 times the token, %d ms", consensus.Milliseconds(), token.Milliseconds()), "remove it: corosync takes 1.2 times the token")
	}
}

func links(s *side, r *report) {
	c := s.corosync
	transport := c.transport()
	if transport == "udp" || transport == "udpu" {
		r.add(c.place("totem", "transport"), "transport is "+transport+", which corosync 3 deprecates: it knows one link, and with corosync 3 no encryption", "set transport: knet, which corosync 3 has")
	}
	cipher, secauth := c.get("totem", "crypto_cipher"), c.get("totem", "secauth")
	switch {
	case cipher.value == "none", cipher.name == "" && isFalse(secauth.value) && secauth.name != "",
		cipher.name == "" && secauth.name == "" && transport == "knet" && c.get("totem", "crypto_model").name == "":
		r.add(c.place("totem", "crypto_cipher"), "the cluster's packets are neither encrypted nor authenticated: whoever reaches the network can take part", "set crypto_cipher: aes256 and crypto_hash: sha256, and give all nodes one authkey")
	}
	if c.links() == 1 && len(c.nodes) != 1 {
		at, fix := c.root.place, "give every node a ring1_addr in another network"
		if len(c.nodes) > 0 {
			at = c.nodes[0].place
		}
		if s.file != nil {
			fix = "give every node a second address in another network, as in addr: [10.3.4.20, 10.9.4.20]"
		}
		r.add(at, "there is a single corosync link: when its network fails, the nodes fence each other", fix)
	}
}

func pluginService(w *world, r *report) {
	for _, s := range w.sides {
		if s.corosync == nil || s.corosync.plugin() && s.corosyncVersion == (version{}) && s.pacemaker == (version{}) && len(s.corosync.nodes) == 0 {
			continue // corosync 1, for which it is right
		}
		for _, service := range s.corosync.root.all("service") {
			if strings.EqualFold(service.last("name").value, "pacemaker") {
				r.add(service.place, "a section service for Pacemaker, as corosync 1 had it", "remove it; corosync 2 and later have no plugins")
			}
		}
	}
	if w.Node != nil && w.Node.ServiceD != "" {
		r.add(Place{File: w.Node.ServiceD}, "the file tells corosync 1 to load Pacemaker, which no later corosync does", "remove it")
	}
}

func clocks(w *world, r *report) {
	if c := w.Node.Clock; c != nil && !c.Synchronised && (!w.Node.raft() || w.inCluster()) { // of a Raft server S08 says it
		r.add(w.Node.place(), "the clock is not synchronised", "run chrony or systemd-timesyncd: logs of the nodes cannot be compared, and OpenNebula's monitoring and tokens depend on it")
	}
}
