package look

import (
	"context"
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/oneha/oneha/internal/interview"
	"github.com/oneha/oneha/internal/one"
)

const (
	onedConf     = "/etc/one/oned.conf"
	monitordConf = "/etc/one/monitord.conf"
)

// opennebula finds the release, the services and what oned.conf says.
func (l *looker) opennebula(ctx context.Context) {
	l.services()
	l.oned()
	if l.m.Oned != nil || len(l.m.Services) > 0 {
		l.release(ctx)
	}
	var shipped []interview.Service
	for _, s := range l.m.Services { // units of another release may have been left behind
		if row, _ := one.ServiceNamed(s.Name); l.m.Release == "" || row.ShippedIn(l.m.Release) {
			shipped = append(shipped, s)
		}
	}
	l.m.Services = shipped
}

// unitDirs are those of systemd's unit files, the one that counts first
// (systemd.unit(5)).
var unitDirs = []string{"/etc/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"}

// services finds those whose unit is installed. One that is masked is there too: that
// is how some keep systemd from starting what the cluster starts.
func (l *looker) services() {
	for _, s := range one.Services {
		found, enabled := false, false
		for _, dir := range unitDirs {
			file := path.Join(dir, s.Unit)
			if to, err := os.Readlink(l.path(file)); err == nil && to == "/dev/null" {
				continue
			}
			found = found || l.exists(file)
			wants, _ := filepath.Glob(l.path(path.Join(dir, "*.wants", s.Unit)))
			enabled = enabled || len(wants) > 0
		}
		if found {
			l.m.Services = append(l.m.Services, interview.Service{Name: s.Name, Enabled: enabled})
		}
	}
}

var (
	comment        = regexp.MustCompile(`(?m)^\s*#.*$`)
	leaderHook     = regexp.MustCompile(`(?is)\bRAFT_LEADER_HOOK\s*=\s*\[([^\]]*)\]`)
	hookArguments  = regexp.MustCompile(`(?i)\bARGUMENTS\s*=\s*"([^"]*)"`)
	monitorAddress = regexp.MustCompile(`(?i)\bMONITOR_ADDRESS\s*=\s*"?([^"\s,\]]+)`)
)

// oned reads oned.conf, and where the hosts are told to reach the front-end.
func (l *looker) oned() {
	text, err := l.read(onedConf)
	if err != nil {
		l.unknown("OpenNebula", err)
		return
	}
	conf, err := one.ReadOnedConfig(l.path(onedConf))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		l.unknown("OpenNebula", err)
	}
	conf.File = onedConf
	l.m.Oned = &interview.Oned{Database: conf.DB, Raft: conf.Raft()}
	text = comment.ReplaceAllString(text, "")
	if hook := leaderHook.FindStringSubmatch(text); hook != nil {
		if arguments := hookArguments.FindStringSubmatch(hook[1]); arguments != nil {
			for _, word := range strings.Fields(arguments[1]) { // "leader NIC ADDRESS/BITS"
				if p, err := netip.ParsePrefix(word); err == nil {
					l.m.VIPs = append(l.m.VIPs, interview.Floating{Address: p, From: "RAFT_LEADER_HOOK of " + onedConf})
				}
			}
		}
	}
	for _, file := range []string{monitordConf, onedConf} { // the latter before 6.0
		text, err := l.read(file)
		if err != nil {
			continue
		}
		found := monitorAddress.FindStringSubmatch(comment.ReplaceAllString(text, ""))
		if found == nil {
			continue
		}
		a, err := netip.ParseAddr(found[1]) // or "auto"
		if err == nil && !a.IsUnspecified() && !l.own(a) {
			l.m.VIPs = append(l.m.VIPs, interview.Floating{Address: netip.PrefixFrom(a, a.BitLen()), From: "MONITOR_ADDRESS of " + file})
		}
		return
	}
}

// own reports whether an address is a machine's own: this one's main address, or that
// of another machine that /etc/hosts has as a peer. One that floats may be held here.
func (l *looker) own(a netip.Addr) bool {
	for _, i := range l.m.Interfaces {
		for n, p := range i.Addresses {
			if p.Addr() == a && n == 0 {
				return true
			}
		}
	}
	for _, n := range l.m.Nodes {
		for _, o := range n.Addrs {
			if o == a {
				return true
			}
		}
	}
	return false
}

var (
	versionWord = regexp.MustCompile(`^[0-9]+\.[0-9]+(\.[0-9]+)*`)
	versionSaid = regexp.MustCompile(`OpenNebula ([0-9]+\.[0-9]+(\.[0-9]+)*)`)
)

// release finds which OpenNebula is installed: by the file that goes to the hosts with
// its drivers, by the packages' own lists, at last by what oned says of itself.
func (l *looker) release(ctx context.Context) {
	if text, err := l.read("/var/lib/one/remotes/VERSION"); err == nil {
		if l.m.Release = versionWord.FindString(strings.TrimSpace(text)); l.m.Release != "" {
			return
		}
	}
	if text, err := l.read("/var/lib/dpkg/status"); err == nil {
		if l.m.Release = debian(text); l.m.Release != "" {
			return
		}
	}
	for _, name := range []string{"opennebula", "opennebula-server"} { // of 6 and later, and before
		if out, err := l.Run(ctx, "rpm", "-q", "--qf", "%{VERSION}\n", name); err == nil {
			if l.m.Release = versionWord.FindString(strings.TrimSpace(string(out))); l.m.Release != "" {
				return
			}
		}
	}
	if out, err := l.Run(ctx, "oned", "-v"); err == nil {
		if found := versionSaid.FindSubmatch(out); found != nil {
			l.m.Release = string(found[1])
		}
	}
}

// debian finds the version of the package opennebula in dpkg's status file
// (deb-control(5)).
func debian(status string) string {
	for stanza := range strings.SplitSeq(status, "\n\n") {
		name, version, installed := "", "", false
		for line := range strings.Lines(stanza) {
			key, value, _ := strings.Cut(line, ":")
			value = strings.TrimSpace(value)
			switch key {
			case "Package":
				name = value
			case "Version":
				version = value
			case "Status":
				installed = strings.HasSuffix(value, " installed")
			}
		}
		if installed && name == "opennebula" {
			if _, rest, epoch := strings.Cut(version, ":"); epoch {
				version = rest
			}
			return versionWord.FindString(version)
		}
	}
	return ""
}
