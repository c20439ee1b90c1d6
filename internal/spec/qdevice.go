package spec

import (
	"fmt"
	"slices"
	"strings"
)

var (
	algorithms = []string{defaultAlgorithm, "lms"}
	tlsModes   = []string{"on", "off", "required"}
)

// qdevice reads the quorum device: a host, or a map.
func (r *reader) qdevice(v value) (q QDevice, at place) {
	if v.kind == absent {
		return q, v.at
	}
	q.Algorithm = defaultAlgorithm
	if v.kind == mapping {
		s := r.section("qdevice", "qdevice", v)
		q.Algorithm = r.word(s.get("algorithm"), "algorithm of qdevice", algorithms, defaultAlgorithm)
		q.TLS = r.word(s.get("tls"), "tls of qdevice", tlsModes, "")
		v = s.need("host", "add host: the machine that runs corosync-qnetd")
	}
	text, ok := r.text(v, "qdevice")
	if !ok {
		return q, v.at
	}
	host, ok := hostName(text)
	if !ok {
		r.error(v.at, fmt.Sprintf("qdevice is %q, which is neither an address nor a host name", clip(text)), "give the machine that runs corosync-qnetd")
	}
	q.Host = host
	return q, v.at
}

// word reads one of some words.
func (r *reader) word(v value, what string, known []string, byDefault string) string {
	if v.kind == absent {
		return byDefault
	}
	text, ok := r.text(v, what)
	if ok && !slices.Contains(known, text) {
		r.error(v.at, fmt.Sprintf("unknown %s %q", what, clip(text)), suggest(text, known))
	}
	return text
}

// checkQDevice compares the quorum device with the nodes: its vote has to come
// from elsewhere, and to make a difference.
func (r *reader) checkQDevice(q QDevice, at place, nodes []node, vips []vip) {
	if q.Host == "" {
		return
	}
	who := ""
	for _, n := range nodes {
		if strings.EqualFold(n.name, q.Host) || slices.ContainsFunc(n.links, func(l link) bool { return l.addr.String() == q.Host }) {
			who = "node " + clip(n.name)
		}
	}
	if slices.ContainsFunc(vips, func(v vip) bool { return v.Address.IsValid() && v.Address.Addr().String() == q.Host }) {
		who = "a VIP"
	}
	switch {
	case who != "":
		r.error(at, fmt.Sprintf("qdevice %s is %s", q.Host, who), "give a machine outside the cluster; a vote that fails with a node decides nothing")
	case q.Algorithm == defaultAlgorithm && len(nodes)%2 == 1:
		r.warn(at, fmt.Sprintf("qdevice with ffsplit makes %d nodes less available: one vote more is needed, also when the host is gone", len(nodes)), "remove it, or write algorithm: lms")
	}
}
