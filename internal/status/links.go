package status

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// silent reports whether one of the nodes counts as a member and corosync reaches it
// over no link: it is about to be lost.
func (r Report) silent(nodes ...string) bool {
	return len(r.Links) > 0 && slices.ContainsFunc(r.Nodes, func(n Node) bool {
		return n.Online && !n.Unclean && slices.Contains(nodes, n.Name) &&
			!slices.ContainsFunc(r.Links, func(l Link) bool { return !slices.Contains(l.Lost, n.Name) })
	})
}

// Lines of corosync-cfgtool -s: "LINK ID 0 udp" or, of corosync 2, "RING ID 0";
// "addr = 10.0.0.1" or "id = 10.0.0.1"; "nodeid: 2: connected" or, of 3.0,
// "nodeid 2: link enabled:1 link connected:1"; of corosync 2 "status = ring 0 active
// with no faults".
var (
	linkLine = regexp.MustCompile(`^(?:LINK|RING) ID (\d{1,3})\b`)
	addrLine = regexp.MustCompile(`^(?:addr|id)\s*=\s*(\S+)`)
	nodeLine = regexp.MustCompile(`^nodeid:?\s+(\d{1,10}):\s*(.*)$`)
	ringLine = regexp.MustCompile(`^status\s*=\s*(.+)$`)
)

// readLinks reads corosync-cfgtool -s, of corosync 2 and 3; name gives a node its name
// by its ID. Lines that it does not know are passed over.
func readLinks(text string, name func(id string) string) []Link {
	var links []Link
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if m := linkLine.FindStringSubmatch(line); m != nil {
			number, _ := strconv.Atoi(m[1])
			links = append(links, Link{Number: number})
			continue
		}
		if len(links) == 0 {
			continue
		}
		link := &links[len(links)-1]
		if m := addrLine.FindStringSubmatch(line); m != nil {
			link.Addr = m[1]
		} else if m := nodeLine.FindStringSubmatch(line); m != nil {
			if strings.Contains(m[2], "disconnected") || strings.Contains(m[2], "connected:0") {
				link.Fault, link.Lost = true, append(link.Lost, name(m[1]))
			}
		} else if m := ringLine.FindStringSubmatch(line); m != nil {
			link.Fault = strings.Contains(strings.ToUpper(m[1]), "FAULTY")
		}
	}
	return links
}
