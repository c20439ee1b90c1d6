package twin

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/oneha/oneha/internal/version"
)

// Machine is a server that is looked at or written to, by the parts that tests replace.
type Machine struct {
	Root string // of its file system, "/" for this one
	// Run runs a program of the system and returns its output.
	Run func(ctx context.Context, argv ...string) ([]byte, error)
	Now func() time.Time
}

// toolTime bounds a program of the system, so that one that hangs does not hide the rest.
const toolTime = 20 * time.Second

// Look finds out what a request asks for.
func (m Machine) Look(ctx context.Context, r Request) (Facts, error) {
	facts := Facts{Format: Format, Oneha: version.String(), Began: m.Now().UnixNano()}
	if r.Format != Format {
		return facts, fmt.Errorf("this server has oneha %s, which compares in format %d, not %d: install the same oneha on all servers", facts.Oneha, Format, r.Format)
	}
	who, err := m.accounts()
	if err != nil {
		facts.Unknown = append(facts.Unknown, err.Error())
	}
	facts.Account = who.oneadmin
	l := looker{Machine: m, request: r, who: who, seen: map[Path]bool{}, roots: map[string]*os.Root{}}
	defer l.close()
	if err := l.all(ctx); err != nil {
		return facts, err
	}
	facts.Files, facts.Named = l.files, l.named
	facts.Unknown = append(facts.Unknown, l.unknown...)
	m.system(ctx, &facts)
	slices.Sort(facts.Unknown)
	facts.Ended = m.Now().UnixNano()
	return facts, nil
}

// system asks the system's tools.
func (m Machine) system(ctx context.Context, facts *Facts) {
	ctx, cancel := context.WithTimeout(ctx, toolTime)
	defer cancel()
	var err error
	if facts.Packages, err = m.packages(ctx); err != nil {
		facts.Unknown = append(facts.Unknown, "packages: "+err.Error())
	}
	if facts.Units, err = m.units(ctx); err != nil {
		facts.Unknown = append(facts.Unknown, "units: "+err.Error())
	}
	if facts.Zone, err = m.zone(); err != nil {
		facts.Unknown = append(facts.Unknown, "time zone: "+err.Error())
	}
}

// relevant are the packages whose versions count.
var relevant = []string{
	"opennebula*", "oneha*", "pacemaker", "corosync", "pcs", "crmsh", "fence-agents*", "resource-agents*",
	"mariadb-server*", "mysql-server*", "sqlite3", "sqlite",
}

// packages asks dpkg or rpm, whichever has a database here.
func (m Machine) packages(ctx context.Context) (map[string]string, error) {
	var out []byte
	var err error
	switch {
	case m.exists("/var/lib/dpkg/status"):
		// Patterns that match nothing make it fail, after it has printed the others.
		out, err = m.Run(ctx, append([]string{"dpkg-query", "-W", "-f", "${Package} ${Version} ${db:Status-Status}\n"}, relevant...)...)
		if len(out) > 0 {
			err = nil
		}
	case m.exists("/var/lib/rpm"), m.exists("/usr/lib/sysimage/rpm"):
		out, err = m.Run(ctx, append([]string{"rpm", "-qa", "--qf", "%{NAME} %{VERSION}-%{RELEASE} installed\n"}, relevant...)...)
	default:
		return nil, errors.New("neither dpkg nor rpm has a database here")
	}
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	lines := bufio.NewScanner(bytes.NewReader(out))
	for lines.Scan() {
		if f := strings.Fields(lines.Text()); len(f) == 3 && f[2] == "installed" {
			found[f[0]] = f[1]
		}
	}
	return found, lines.Err()
}

// units asks systemd which of the cluster's units it starts.
func (m Machine) units(ctx context.Context) (map[string]string, error) {
	out, err := m.Run(ctx, "systemctl", "list-unit-files", "--no-legend", "--no-pager", "opennebula*", "oneha*", "pacemaker*", "corosync*", "mariadb.service", "mysql.service")
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	lines := bufio.NewScanner(bytes.NewReader(out))
	for lines.Scan() {
		if f := strings.Fields(lines.Text()); len(f) >= 2 {
			found[f[0]] = f[1]
		}
	}
	return found, lines.Err()
}

// zone is the time zone, as tzselect(8) names it.
func (m Machine) zone() (string, error) {
	target, err := os.Readlink(m.path("/etc/localtime"))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "UTC", nil // localtime(5)
	case err != nil:
		return "", errors.New("/etc/localtime is no symbolic link")
	}
	if _, name, ok := strings.Cut(target, "zoneinfo/"); ok {
		return name, nil
	}
	return target, nil
}

func (m Machine) path(file string) string { return filepath.Join(m.Root, file) }

func (m Machine) exists(file string) bool {
	_, err := os.Lstat(m.path(file))
	return err == nil
}

// accounts are the users and groups of a server by number and by name.
type accounts struct {
	users, groups map[string]string // names of numbers
	uids, gids    map[string]int
	system        bool // ask the system for those that are in no file
	oneadmin      *Account
}

func (m Machine) accounts() (accounts, error) {
	who := accounts{users: map[string]string{}, groups: map[string]string{}, uids: map[string]int{}, gids: map[string]int{}, system: m.Root == "/"}
	err := m.each("/etc/passwd", func(f []string) {
		who.add(who.users, who.uids, f)
		uid, errU := strconv.Atoi(f[2])
		if len(f) > 5 && f[0] == "oneadmin" && errU == nil {
			if gid, err := strconv.Atoi(f[3]); err == nil && who.oneadmin == nil {
				who.oneadmin = &Account{UID: uid, GID: gid, Home: f[5]}
			}
		}
	})
	return who, errors.Join(err, m.each("/etc/group", func(f []string) { who.add(who.groups, who.gids, f) }))
}

// each calls f with the fields of each line of /etc/passwd or /etc/group.
func (m Machine) each(file string, f func([]string)) error {
	data, err := os.ReadFile(m.path(file))
	if err != nil {
		return fmt.Errorf("accounts: read %s: %w", file, bare(err))
	}
	for line := range bytes.Lines(data) {
		if fields := strings.Split(strings.TrimSpace(string(line)), ":"); len(fields) > 3 {
			f(fields)
		}
	}
	return nil
}

func (accounts) add(names map[string]string, ids map[string]int, f []string) {
	id, err := strconv.Atoi(f[2])
	if err != nil {
		return
	}
	if _, ok := names[f[2]]; !ok {
		names[f[2]] = f[0]
	}
	if _, ok := ids[f[0]]; !ok {
		ids[f[0]] = id
	}
}

// user is the name of a number, or the number.
func (who accounts) user(id uint32) string {
	text := strconv.FormatUint(uint64(id), 10)
	if name, ok := who.users[text]; ok {
		return name
	}
	if who.system {
		if u, err := user.LookupId(text); err == nil {
			return u.Username
		}
	}
	return text
}

// group is the name of a number, or the number.
func (who accounts) group(id uint32) string {
	text := strconv.FormatUint(uint64(id), 10)
	if name, ok := who.groups[text]; ok {
		return name
	}
	if who.system {
		if g, err := user.LookupGroupId(text); err == nil {
			return g.Name
		}
	}
	return text
}

// ids are the numbers here of the owner and the group of another server's file.
func (who accounts) ids(owner, group string) (uid, gid int, err error) {
	uid, ok := who.uids[owner]
	if !ok && who.system {
		if u, e := user.Lookup(owner); e == nil {
			owner = u.Uid
		}
	}
	if !ok {
		if uid, err = strconv.Atoi(owner); err != nil {
			return 0, 0, fmt.Errorf("there is no user %s on this server", owner)
		}
	}
	gid, ok = who.gids[group]
	if !ok && who.system {
		if g, e := user.LookupGroup(group); e == nil {
			group = g.Gid
		}
	}
	if !ok {
		if gid, err = strconv.Atoi(group); err != nil {
			return 0, 0, fmt.Errorf("there is no group %s on this server", group)
		}
	}
	return uid, gid, nil
}

// bare is an error without the path that it was about on this machine.
func bare(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
