package nodefacts

import (
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/oneha/oneha/internal/lint"
	"github.com/oneha/oneha/internal/one"
)

const (
	onedConf     = "/etc/one/oned.conf"
	monitordConf = "/etc/one/monitord.conf"
	lockFile     = "/var/lock/one/one"
	hookDir      = "/var/lib/one/remotes/hooks" // where a hook's relative path begins
)

// opennebula reads what its files say, and looks for a lock that oned left behind.
func (c *collector) opennebula(want lint.Wanted) {
	if c.exists(lockFile) && len(c.processes("oned")) == 0 {
		c.facts.StaleLock = lockFile
	}
	c.listeners(want.Services)
	text, err := c.read(onedConf)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		c.unknown("OpenNebula", err)
		return
	}
	conf, err := one.ReadOnedConfig(c.path(onedConf))
	if err != nil {
		c.unknown("OpenNebula", errors.New(strings.ReplaceAll(err.Error(), c.path(onedConf), onedConf)))
	}
	o := &lint.Oned{Config: onedConf, ServerID: conf.ServerID, Backend: conf.DB.Backend}
	if o.Backend == "sqlite" {
		o.Database = conf.DB.File
	} else {
		o.Database = conf.DB.Server
		o.LocalDB = c.local(o.Database, want.Addresses)
	}
	o.LeaderHook, o.FollowerHook = hook(string(text), "LEADER"), hook(string(text), "FOLLOWER")
	for _, command := range []string{o.LeaderHook, o.FollowerHook} {
		if words := strings.Fields(command); len(words) > 0 && !c.executable(words[0]) {
			o.MissingHooks = append(o.MissingHooks, words[0])
		}
	}
	if text, err := c.read(monitordConf); err == nil {
		o.Monitor = first(monitorAddress, withoutComments(string(text)))
	}
	raftOf(o, text)
	c.facts.Oned = o
}

var (
	comment        = regexp.MustCompile(`(?m)^\s*#.*$`)
	monitorAddress = regexp.MustCompile(`(?i)\bMONITOR_ADDRESS\s*=\s*"?([^"\s,\]]+)`)
	hookVector     = map[string]*regexp.Regexp{
		"LEADER":   regexp.MustCompile(`(?is)\bRAFT_LEADER_HOOK\s*=\s*\[([^\]]*)\]`),
		"FOLLOWER": regexp.MustCompile(`(?is)\bRAFT_FOLLOWER_HOOK\s*=\s*\[([^\]]*)\]`),
	}
	hookCommand   = regexp.MustCompile(`(?i)\bCOMMAND\s*=\s*"([^"]*)"`)
	hookArguments = regexp.MustCompile(`(?i)\bARGUMENTS\s*=\s*"([^"]*)"`)
)

// hook returns a Raft hook's command with its arguments, "" when it is not set.
// Package one tells only whether there is one.
func hook(text, which string) string {
	vector := first(hookVector[which], withoutComments(text))
	command := first(hookCommand, vector)
	if command == "" {
		return ""
	}
	return strings.TrimSpace(command + " " + first(hookArguments, vector))
}

func withoutComments(text string) string { return comment.ReplaceAllString(text, "") }

func first(r *regexp.Regexp, text string) string {
	if m := r.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}

// executable reports whether a hook's command can be run.
func (c *collector) executable(command string) bool {
	if !filepath.IsAbs(command) {
		command = filepath.Join(hookDir, command)
	}
	info, err := os.Stat(c.path(command))
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 || errors.Is(err, fs.ErrPermission)
}

// local reports whether a host is this machine and no other: its name, or an address
// of its own that does not float.
func (c *collector) local(host string, floating []lint.Floating) bool {
	if strings.EqualFold(host, c.Name) {
		return true
	}
	ip, err := netip.ParseAddr(host)
	if err != nil || ip.IsLoopback() {
		return false
	}
	for _, f := range floating {
		if f.IP == ip {
			return false
		}
	}
	for _, i := range c.facts.Interfaces {
		for _, a := range i.Addresses {
			if p, err := netip.ParsePrefix(a); err == nil && p.Addr() == ip {
				return true
			}
		}
	}
	return false
}
