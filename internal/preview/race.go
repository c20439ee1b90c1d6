package preview

import (
	"strconv"
	"time"
)

// sure is the least difference of two delays that decides a race of fencing: both nodes
// notice a cut link at about the same time, and their BMCs differ in how fast they
// answer.
const sure = time.Second

// losers are the nodes that are fenced when a pair is cut in two: the one that its
// peer attacks first, or none when that is left to chance. Of halves without quorum,
// nobody attacks.
func (s *scene) losers(f Failure) []string {
	if len(s.cluster.nodes) != 2 || !s.cluster.fences() || !f.Quorate || f.Device {
		return nil
	}
	a, b := s.cluster.nodes[0], s.cluster.nodes[1]
	switch waits := s.grace(a) - s.grace(b); {
	case waits >= sure:
		return []string{b}
	case -waits >= sure:
		return []string{a}
	}
	return nil
}

// grace is how long the attack on a node waits for sure.
func (s *scene) grace(node string) time.Duration {
	d, _ := (&Budget{cluster: s.cluster}).delay(node)
	extra, _ := duration(s.cluster.property("priority-fencing-delay"))
	if extra > 0 && s.priority(node) > s.priority(s.other(node)) {
		return d.Worst
	}
	return d.Worst - extra
}

// other is the peer of a node of a pair.
func (s *scene) other(node string) string {
	if s.cluster.nodes[0] == node {
		return s.cluster.nodes[1]
	}
	return s.cluster.nodes[0]
}

// priority adds up what runs on a node.
func (s *scene) priority(node string) (sum int) {
	for _, r := range s.cluster.services() {
		for _, on := range split(s.before[r.id]) {
			if n, err := strconv.Atoi(r.meta["priority"]); err == nil && on == node {
				sum += n
			}
		}
	}
	return sum
}
