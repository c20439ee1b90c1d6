// Package doctor says what is wrong with a zone and what to do about it first: what
// package health judges from the network, and what only the servers' own files and
// programs tell, as far as they could be looked at.
//
// Look gathers facts and changes nothing. Rules are pure, and read only facts that
// are known: one that is not is said to be unknown, never taken for good or bad.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/oneha/oneha/internal/confedit"
	"github.com/oneha/oneha/internal/raft/zoneconf"
	"github.com/oneha/oneha/internal/remote"
)

// Machine is what was found on a server. What is nil is not known; Unknown says why.
type Machine struct {
	Server  string
	ID      int
	Conf    *Conf             // oned.conf
	Version *string           // of oned, as "6.10.5"
	Synced  *bool             // the clock is synchronised
	Space   *Space            // where the database is
	Units   map[string]string // UnitFileState by name, "" for none installed; nil: not known
	Sudo    *bool             // oneadmin may run the hook
	Hashes  map[string]string // of the files of .one that servers share, by name; nil: not known
	Hooks   map[string]bool   // programs of hooks, by path: can they be run
	Unknown []string          // what is not known, and why
}

// Conf is what oned.conf says about Raft.
type Conf struct {
	Mode     string            // FEDERATION/MODE
	ZoneID   string            // FEDERATION/ZONE_ID
	ServerID string            // FEDERATION/SERVER_ID
	HasRaft  bool              // there is a RAFT vector
	Raft     map[string]string // keys of RAFT that are there
	Hooks    map[string]Hook   // by RAFT_LEADER_HOOK, RAFT_FOLLOWER_HOOK
}

// Hook is a hook of oned.
type Hook struct{ Command, Arguments string }

// Space is room in a file system.
type Space struct {
	Free    int64 // bytes
	Percent int   // used
}

// Hook attributes.
const (
	leaderHook   = "RAFT_LEADER_HOOK"
	followerHook = "RAFT_FOLLOWER_HOOK"
)

// Where things are on a server.
const (
	onedConf = "/etc/one/oned.conf"
	dataDir  = "/var/lib/one"
	hooksDir = dataDir + "/remotes/hooks"
	keysDir  = dataDir + "/.one"
)

// units whose state matters.
var units = []string{"opennebula.service", "oneha-raft-guard.service", "pacemaker.service"}

// Look finds out what it can about a server's machine. ctx bounds all of it.
func Look(ctx context.Context, h remote.Host, server string, id int) Machine {
	m := Machine{Server: server, ID: id}
	if _, err := h.Run(ctx, "true"); err != nil { // said once, not by every question
		m.unknown("its machine and files", err)
		return m
	}
	var mu sync.Mutex
	var wait sync.WaitGroup
	ask := func(what string, question func() (func(), error)) {
		wait.Go(func() {
			found, err := question()
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				m.unknown(what, err)
				return
			}
			found()
		})
	}
	ask("oned.conf", func() (func(), error) {
		text, err := h.ReadFile(ctx, onedConf)
		if err != nil {
			return nil, err
		}
		c := readConf(text)
		hooks := runnable(ctx, h, c)
		return func() { m.Conf, m.Hooks = &c, hooks }, nil
	})
	ask("OpenNebula's version", func() (func(), error) {
		out, err := h.Run(ctx, "oned", "--version")
		v, ok := readVersion(string(out))
		if err == nil && !ok {
			err = errors.New("oned --version names none")
		}
		return func() { m.Version = &v }, err
	})
	ask("whether its clock is synchronised", func() (func(), error) {
		out, err := h.Run(ctx, "timedatectl", "show", "--property=NTPSynchronized", "--value")
		word := strings.TrimSpace(string(out))
		if err == nil && word != "yes" && word != "no" {
			err = fmt.Errorf("timedatectl says %.20q", word)
		}
		synced := word == "yes"
		return func() { m.Synced = &synced }, err
	})
	ask("the room below "+dataDir, func() (func(), error) {
		out, err := h.Run(ctx, "df", "-Pk", dataDir)
		if err != nil {
			return nil, err
		}
		s, err := readSpace(string(out))
		return func() { m.Space = &s }, err
	})
	ask("the state of its units", func() (func(), error) {
		out, err := h.Run(ctx, append([]string{"systemctl", "show", "--property=Id,UnitFileState"}, units...)...)
		if err != nil {
			return nil, err
		}
		all := readUnits(string(out))
		return func() { m.Units = all }, nil
	})
	ask("whether oneadmin may run the hook", func() (func(), error) {
		_, err := h.Run(ctx, "sudo", "-n", "-l", "-U", "oneadmin", zoneconf.Program, "raft", "hook", zoneconf.Leader, "eth0", "192.0.2.1/24")
		var exit *remote.ExitError
		may := err == nil
		if errors.As(err, &exit) && exit.Code == 1 { // sudo(8): the command is not allowed
			err = nil
		}
		return func() { m.Sudo = &may }, err
	})
	ask("the keys in "+keysDir, func() (func(), error) {
		out, err := h.Run(ctx, "find", keysDir, "-maxdepth", "1", "-type", "f", "-exec", "sha256sum", "{}", "+")
		if err != nil {
			return nil, err
		}
		all := readHashes(string(out))
		return func() { m.Hashes = all }, nil
	})
	wait.Wait()
	slices.Sort(m.Unknown)
	return m
}

func (m *Machine) unknown(what string, err error) {
	m.Unknown = append(m.Unknown, fmt.Sprintf("%s, %s: %s", m.Server, what, strings.TrimPrefix(err.Error(), m.Server+": ")))
}

// runnable says of the programs of hooks whether they can be run.
func runnable(ctx context.Context, h remote.Host, c Conf) map[string]bool {
	all := map[string]bool{}
	for _, hook := range c.Hooks {
		file := hook.Command
		if file == "" {
			continue
		}
		if !path.IsAbs(file) {
			file = path.Join(hooksDir, file)
		}
		_, err := h.Run(ctx, "test", "-x", file)
		var exit *remote.ExitError
		switch {
		case err == nil:
			all[hook.Command] = true
		case errors.As(err, &exit) && exit.Code == 1:
			all[hook.Command] = false
		}
	}
	return all
}

// readConf reads an oned.conf. What stands behind a mistake in it is not there.
func readConf(text []byte) Conf {
	f, _ := confedit.Parse(path.Base(onedConf), text)
	get := func(path ...string) string { v, _ := f.Get(path...); return v }
	c := Conf{
		Mode: get("FEDERATION", "MODE"), ZoneID: get("FEDERATION", "ZONE_ID"), ServerID: get("FEDERATION", "SERVER_ID"),
		Raft: map[string]string{}, Hooks: map[string]Hook{},
	}
	for _, a := range f.All() {
		c.HasRaft = c.HasRaft || a.Name == "RAFT"
	}
	for _, key := range zoneconf.RaftKeys {
		if v, ok := f.Get("RAFT", key); ok {
			c.Raft[key] = v
		}
	}
	for _, name := range []string{leaderHook, followerHook} {
		if command := get(name, "COMMAND"); command != "" {
			c.Hooks[name] = Hook{command, strings.Join(strings.Fields(get(name, "ARGUMENTS")), " ")}
		}
	}
	return c
}

// readVersion finds the version in what oned says of itself: the first word of
// digits and dots.
func readVersion(text string) (string, bool) {
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r != '.' && (r < '0' || r > '9') }) {
		if word = strings.Trim(word, "."); strings.Count(word, ".") >= 1 {
			return word, true
		}
	}
	return "", false
}

// readSpace reads the output of df -Pk for one file (POSIX, df).
func readSpace(text string) (Space, error) {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	words := strings.Fields(lines[len(lines)-1])
	for i, word := range words { // the device may have blanks: what counts is relative to Capacity
		percent, err := strconv.Atoi(strings.TrimSuffix(word, "%"))
		if !strings.HasSuffix(word, "%") || err != nil || i < 1 {
			continue
		}
		free, err := strconv.ParseInt(words[i-1], 10, 64)
		if err == nil && free >= 0 && free < 1<<50 {
			return Space{Free: free * 1024, Percent: percent}, nil
		}
	}
	return Space{}, errors.New("df says something else than it should")
}

// readUnits reads the output of systemctl show --property=Id,UnitFileState.
func readUnits(text string) map[string]string {
	all := map[string]string{}
	for block := range strings.SplitSeq(text, "\n\n") {
		var id, state string
		for line := range strings.Lines(block) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
			switch key {
			case "Id":
				id = value
			case "UnitFileState":
				state = value
			}
		}
		if id != "" {
			all[id] = state
		}
	}
	return all
}

// readHashes reads the output of sha256sum for files that must be equal on all
// servers; token caches and the like are not among them.
func readHashes(text string) map[string]string {
	all := map[string]string{}
	for line := range strings.Lines(text) {
		sum, file, ok := strings.Cut(strings.TrimSpace(line), "  ")
		name := path.Base(file)
		if ok && len(sum) == 64 && (name == "one_key" || name == "fireedge_key" || strings.HasSuffix(name, "_auth")) {
			all[name] = sum
		}
	}
	return all
}
