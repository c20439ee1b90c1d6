package nodefacts

import (
	"errors"
	"io/fs"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/oneha/oneha/internal/confedit"
	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/lint"
	"github.com/oneha/oneha/internal/raft/zoneconf"
	"github.com/oneha/oneha/internal/spec"
)

// zone compares the machine with what the description makes of a server of a zone.
func (c *collector) zone(z *spec.Zone) {
	if z == nil {
		return
	}
	m := &lint.Member{}
	c.facts.Zone = m
	if text, err := c.read(zoneconf.SudoersFile); err == nil {
		m.Sudoers = allowsHooks(string(text))
	} else if !errors.Is(err, fs.ErrNotExist) {
		c.unknown("sudo", err)
		m.Sudoers = true // nothing is known against it
	}
	server, ok := c.server(z)
	if !ok {
		return
	}
	m.Server = server.Name
	for _, file := range zoneconf.Files {
		text, err := c.read(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			c.unknown("OpenNebula", err)
			continue
		}
		edited, findings := zoneconf.Edits(z, server, file, text)
		for _, f := range findings {
			if f.Severity == diag.Error {
				c.unknown("OpenNebula", errors.New(f.String()))
			}
		}
		for _, e := range edited.Edits {
			m.Settings = append(m.Settings, lint.Setting{File: e.File, Line: e.Line, Name: e.What, Is: e.Was, Want: e.Is})
		}
	}
}

// server is the one of the zone that this machine is, by its name or by an address.
func (c *collector) server(z *spec.Zone) (spec.ZoneServer, bool) {
	if s, ok := z.Server(c.Name); ok {
		return s, true
	}
	for _, s := range z.Servers {
		for _, i := range c.facts.Interfaces {
			if slices.ContainsFunc(i.Addresses, func(text string) bool {
				p, err := netip.ParsePrefix(text)
				return err == nil && p.Addr() == s.Addr
			}) {
				return s, true
			}
		}
	}
	return spec.ZoneServer{}, false
}

// allowsHooks reports whether a file of sudo lets oned call both hooks.
func allowsHooks(text string) bool {
	text = withoutComments(text)
	for _, role := range []string{zoneconf.Leader, zoneconf.Follower} {
		if !strings.Contains(text, zoneconf.Program+" raft hook "+role) {
			return false
		}
	}
	return true
}

// raftOf reads what oned.conf says of elections, and which database it is.
func raftOf(o *lint.Oned, text []byte) {
	f, _ := confedit.Parse(onedConf, text)
	whole := !slices.ContainsFunc(f.All(), func(a confedit.Attribute) bool { return a.Name == "RAFT" && a.Vector })
	for _, key := range zoneconf.RaftKeys {
		value, has := f.Get("RAFT", key)
		if !has && !whole { // oned has defaults for the whole of it
			o.RaftMissing = append(o.RaftMissing, key)
		}
		n, err := strconv.Atoi(value)
		switch {
		case err != nil:
		case key == "ELECTION_TIMEOUT_MS":
			o.ElectionMS = n
		case key == "BROADCAST_TIMEOUT_MS":
			o.HeartbeatMS = n
		}
	}
	if o.Backend != "sqlite" {
		o.DatabaseName, _ = f.Get("DB", "DB_NAME")
	}
}
