package guard

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

// watched are the files that Load reads, looked at again and again. They are read by
// whoever looks, and not by the goroutine that owns the machine, which must not wait
// for a disk.
type watched struct {
	paths Paths
	stamp string // as they were when they were read last
}

// reading is what files say that were changed.
type reading struct {
	config Config
	err    error
}

// watch begins to look at the files of a configuration. One that was not loaded is
// that of the files as they are.
func (c Config) watch() *watched { return &watched{c.Paths, cmp.Or(c.stamp, c.Paths.stamp())} }

// look reads the files if they were changed, otherwise it returns nil. Files that
// cannot be used are read again at the next look.
func (w *watched) look() *reading {
	if w.paths.stamp() == w.stamp {
		return nil
	}
	var r reading
	if r.config, r.err = Load(w.paths); r.err == nil {
		w.stamp = r.config.stamp
	}
	return &r
}

// stamp tells whether the files that Load reads were changed.
func (p Paths) stamp() string {
	var b strings.Builder
	for _, file := range []string{p.Description, p.OnedConf, p.Auth, p.Key} {
		if info, err := os.Stat(file); err == nil {
			fmt.Fprintf(&b, "%d %d;", info.ModTime().UnixNano(), info.Size())
		} else {
			b.WriteString("-;")
		}
	}
	return b.String()
}

// same reports whether a guard would work with other as it does with c. What does not
// come from the files is not looked at.
func (c Config) same(other Config) bool {
	return c.Server == other.Server && c.Zone == other.Zone && c.Listen == other.Listen && c.Timers == other.Timers &&
		c.Oned == other.Oned && c.Auth == other.Auth && *c.Peers.secret == *other.Peers.secret &&
		slices.Equal(c.VIPs, other.VIPs) && slices.Equal(c.Follow, other.Follow) && maps.Equal(c.Known, other.Known)
}

// heardFiles ends the guard if the files say something else now; nil: they were not
// changed since. While it holds the lease it only says so and goes on with what it
// knows, unless SERVER_ID is another one: to begin anew takes the address away for a
// moment.
func (g *Guard) heardFiles(r *reading) {
	switch {
	case r == nil:
	case r.err != nil:
		g.changed = nil
		g.said.change("files", "%v; going on with what was read before", r.err)
	case g.c.same(r.config):
		g.changed = nil
		g.said.over("files", "the configuration is as it was")
	default:
		g.changed = &r.config
	}
	switch {
	case g.changed == nil:
	case g.leads() && g.changed.Server == g.c.Server:
		g.said.change("files", "the configuration was changed: it takes effect when this server does not hold the lease, or with: systemctl restart oneha-raft-guard")
	default:
		g.ended = ErrChanged
	}
}
