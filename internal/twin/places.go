package twin

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// place is something on a server that must be the same on the others.
type place struct {
	path string // a file, or with everything below it a directory; * in the last part
	mode Mode   // in which it counts, "" for both
	why  string
}

// places are what every server has. What configuration names beside them is added by
// named.
var places = []place{
	{path: "/etc/one", why: "configuration of oned and its services"},
	{path: "/etc/oneha", why: "description of the cluster, password files"},
	{path: "/etc/sudoers.d/opennebula*", why: "what oneadmin may do as root"},
	{path: "/etc/sudoers.d/oneha*", why: "what oneadmin may do as root"},
	{path: "/etc/systemd/system/opennebula*.d", why: "drop-ins of units"},
	{path: "/etc/systemd/system/oneha*", why: "units and drop-ins"},
	{path: "/etc/systemd/system/pacemaker.service.d", mode: Pacemaker, why: "drop-ins of units"},
	{path: "/etc/systemd/system/corosync.service.d", mode: Pacemaker, why: "drop-ins of units"},
	{path: "/etc/corosync/corosync.conf", mode: Pacemaker, why: "membership"},
	{path: "/etc/corosync/authkey", mode: Pacemaker, why: "key of the membership"},
	{path: "/etc/pacemaker/authkey", mode: Pacemaker, why: "key of Pacemaker Remote"},
	{path: "/var/lib/one/.one", why: "credentials of the services, the key of encrypted attributes"},
	{path: "/var/lib/one/.ssh", why: "how oneadmin reaches the hosts"},
	{path: "/var/lib/one/remotes", why: "drivers, hooks, their configuration"},
}

// List is what is compared, for people: a path and why, in the order of the table.
func List(mode Mode) [][2]string {
	var list [][2]string
	for _, p := range places {
		if p.mode == "" || p.mode == mode {
			list = append(list, [2]string{p.path, p.why})
		}
	}
	return append(list, [2]string{"files that /etc/one and /etc/oneha name", "certificates, keys, password files"})
}

// leftover is the name of a temporary file of a copy. Nobody else's matches: a sweep
// removes them.
var leftover = regexp.MustCompile(`^\.oneha-sync-[0-9a-f]{16}$`)

// passing are names of files that come and go on one server: backups and temporary
// files of ours, of package managers and of editors, and what keeps oned from starting
// while its database is being restored.
var passing = regexp.MustCompile(`^\.oneha-(sync|write)|^50-oneha-restoring\.conf$|\.before-oneha$|\.new-[0-9]+$|\.[0-9]{8}T[0-9]{6}Z(-[0-9]+)?\.bak$|\.(dpkg-[a-z]+|rpm(new|save|orig)|ucf-[a-z]+|sw[a-p])$|~$`)

// namesFile finds an absolute path with the suffix of a key or a certificate, or one
// behind a key of configuration that says so.
var (
	secretFile = regexp.MustCompile(`(?:^|[\s"'=:,\[(])(/[^\s"',\])]+\.(?:pem|crt|cer|cert|key|p12|jks))(?:$|[\s"',\])])`)
	keyOfFile  = regexp.MustCompile(`(?i)(?:^|[\s"'{,])(?:PUBKEY|PRIKEY|:?vnc_proxy_(?:cert|key)|:?ssl_(?:cert|key|ca_file)|password_file)["']?\s*[:=]\s*["']?(/[^\s"',}\]]+)`)
)

// named are the files that a text of configuration names, sorted. Comments name none.
func named(text string) []string {
	var found []string
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		for _, find := range []*regexp.Regexp{secretFile, keyOfFile} {
			for _, m := range find.FindAllStringSubmatch(line, -1) {
				found = append(found, path.Clean(m[1]))
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// names reports whether a file's text is looked through for names of others.
func names(file string) bool {
	dir := path.Dir(file)
	return (dir == "/etc/one" || dir == "/etc/oneha") && slices.Contains([]string{".conf", ".yaml", ".yml"}, path.Ext(file))
}

// within reports whether a file is one of the places, or below one of them.
func within(file string, mode Mode) bool {
	for _, p := range places {
		if p.mode != "" && p.mode != mode {
			continue
		}
		depth := strings.Count(p.path, "/")
		parts := strings.Split(file, "/")
		if len(parts) > depth {
			if ok, _ := path.Match(p.path, strings.Join(parts[:depth+1], "/")); ok {
				return true
			}
		}
	}
	return false
}
