package preview

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Corosync is what corosync.conf says about time and votes.
type Corosync struct {
	Token     time.Duration // until a silent node counts as gone, of the cluster's size; what the file says, else corosync's default
	Consensus time.Duration // until the others have agreed on it
	Nodes     int
	TwoNode   bool     // two_node: a survivor of a pair is quorate
	QDevice   bool     // a quorum device votes
	LastMan   bool     // and lets any survivor go on (lms)
	Given     bool     // the file says the token; else it is a default
	Known     bool     // there was a file
	Names     []string // of the nodes, where the file has them
}

// Defaults of corosync 3 (corosync.conf(5)); corosync 2 had a token of 1 s.
const (
	defaultToken       = 3 * time.Second
	defaultCoefficient = 650 * time.Millisecond // for each node more than two
)

// ReadCorosync reads a corosync.conf as corosync does, line by line; of what is there
// twice the last counts, and what cannot be read is left out. nodes is how many the
// cluster has, for a file without a nodelist or no file at all.
func ReadCorosync(text []byte, nodes int) Corosync {
	c := Corosync{Token: defaultToken, Nodes: nodes, TwoNode: len(text) == 0 && nodes == 2, Known: len(text) > 0}
	coefficient, listed := defaultCoefficient, 0
	var in []string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#':
			continue
		case strings.HasSuffix(line, "{"):
			in = append(in, strings.TrimSpace(strings.TrimSuffix(line, "{")))
			if slices.Equal(in, []string{"nodelist", "node"}) {
				listed++
			}
			c.QDevice = c.QDevice || slices.Equal(in, []string{"quorum", "device"})
			continue
		case line == "}":
			in = in[:max(0, len(in)-1)]
			continue
		}
		key, value, _ := strings.Cut(line, ":")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		millis := func() time.Duration {
			n, err := strconv.ParseUint(value, 10, 31)
			if err != nil {
				return 0
			}
			return time.Duration(n) * time.Millisecond
		}
		switch strings.Join(in, ".") + "." + key {
		case "nodelist.node.name":
			c.Names = append(c.Names, value)
		case "totem.token":
			if d := millis(); d > 0 {
				c.Token, c.Given = d, true
			}
		case "totem.token_coefficient":
			coefficient = millis()
		case "totem.consensus":
			c.Consensus = millis()
		case "quorum.two_node":
			c.TwoNode = value == "1"
		case "quorum.device.net.algorithm":
			c.LastMan = value == "lms"
		}
	}
	if listed > 0 {
		c.Nodes = listed
		c.Token += time.Duration(max(0, listed-2)) * coefficient
	}
	if c.Consensus == 0 {
		c.Consensus = c.Token * 12 / 10
	}
	return c
}
