package lab

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/oneha/oneha/cib"
	"github.com/oneha/oneha/test/fakeoned"
)

// clusterUnits are what a cluster node starts at boot. The cluster itself starts
// everything else.
var clusterUnits = []string{"dbus.service", "corosync.service", "pacemaker.service", "own-load.service"}

// idleSBD takes the place of sbd's unit, which Debian 13 enables as soon as it is
// installed (fence-agents-sbd) and which Pacemaker then requires: without a device it
// fails, and Pacemaker never starts. A masked unit that is required fails as well.
const idleSBD = `[Unit]
Description=sbd, which has no device here
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/true
`

// ownLoad gives a node a load average of its own, which is none. What a container sees is
// the host's, whose other work says nothing of the node; and above 1.6 a core (twice
// load-threshold) Pacemaker does one action at a time in the whole cluster, so that a
// fencing may have to wait for the stop of a service.
const ownLoad = `[Unit]
Description=Load average of this node alone
Before=pacemaker.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/mount --bind /etc/loadavg /proc/loadavg
`

// seeds are the files that make a machine a node of the cluster. They are the
// same on every node, as they would be on real ones.
type seeds struct {
	files     []seed
	passwords map[string]string // by the password file's path
}

type seed struct {
	path     string
	data     []byte
	mode     fs.FileMode
	uid, gid int
}

// configuration writes the cluster's configuration by cib.Generate, and makes
// the secrets that go with it.
func (c *Cluster) configuration() (seeds, error) {
	generated, err := cib.Generate(c.Spec, "xml", "corosync")
	if err != nil {
		return seeds{}, err
	}
	root := c.lab.layers[len(c.lab.layers)-1]
	uid, gid, err := pacemakerIDs(root)
	if err != nil {
		return seeds{}, err
	}
	key := make([]byte, 256) // corosync-keygen(8)'s size
	_, _ = rand.Read(key)    // never fails (crypto/rand)
	c.token = "oneadmin:" + secret()
	s := seeds{passwords: map[string]string{}, files: []seed{
		{path: "etc/corosync/authkey", data: key, mode: 0o400},
		{path: "etc/hosts", data: []byte(c.hosts()), mode: 0o644},
		{path: fakeoned.AuthFile, data: []byte(c.token + "\n"), mode: 0o600},
		{path: "etc/systemd/system/sbd.service", data: []byte(idleSBD), mode: 0o644},
		{path: "etc/systemd/system/own-load.service", data: []byte(ownLoad), mode: 0o644},
		{path: "etc/loadavg", data: []byte("0.00 0.00 0.00 1/100 100\n"), mode: 0o444},
	}}
	for _, f := range generated {
		switch {
		case f.Name == "corosync.conf":
			s.files = append(s.files, seed{path: "etc/corosync/corosync.conf", data: f.Data, mode: 0o644})
		case f.Name == "cib.xml" && !c.lab.opt.EmptyCIB:
			// Where pacemaker-based looks for its last configuration, with its owner.
			s.files = append(s.files, seed{path: "var/lib/pacemaker/cib/cib.xml", data: f.Data, mode: 0o600, uid: uid, gid: gid})
		}
	}
	for _, n := range c.plan.nodes {
		if n.bmc == nil || s.passwords[n.bmc.passwordFile] != "" {
			continue
		}
		password := secret()
		s.passwords[n.bmc.passwordFile] = password
		s.files = append(s.files, seed{path: n.bmc.passwordFile, data: []byte(password + "\n"), mode: 0o600})
	}
	for _, name := range slices.Sorted(maps.Keys(fakeoned.UnitFiles())) {
		s.files = append(s.files, seed{path: filepath.Join("etc/systemd/system", name), data: []byte(fakeoned.UnitFiles()[name]), mode: 0o644})
	}
	return s, nil
}

// hosts is /etc/hosts: the nodes by their first address.
func (c *Cluster) hosts() string {
	var b strings.Builder
	b.WriteString("127.0.0.1 localhost\n")
	for _, n := range c.plan.nodes {
		fmt.Fprintf(&b, "%s %s\n", n.addrs[0], n.name)
	}
	return b.String()
}

// write puts the files into a disk's writable layer.
func (s seeds) write(upper string) error {
	for _, f := range s.files {
		path := filepath.Join(upper, f.path)
		if err := writeFile(path, string(f.data), f.mode); err != nil {
			return fmt.Errorf("write %s: %w", f.path, err)
		}
		if f.uid == 0 {
			continue
		}
		// Directories of the writable layer show in place of the lower ones, owner and mode included.
		for _, owned := range []string{path, filepath.Dir(path), filepath.Dir(filepath.Dir(path))} {
			if err := os.Chown(owned, f.uid, f.gid); err != nil {
				return fmt.Errorf("write %s: %w", f.path, err)
			}
			if owned != path {
				if err := os.Chmod(owned, 0o750); err != nil {
					return fmt.Errorf("write %s: %w", f.path, err)
				}
			}
		}
	}
	return nil
}

// pacemakerIDs finds in the root file system's account files the user and the
// group that own the CIB.
func pacemakerIDs(root string) (uid, gid int, err error) {
	passwd, err1 := os.ReadFile(filepath.Join(root, "etc/passwd"))
	group, err2 := os.ReadFile(filepath.Join(root, "etc/group"))
	if err := errors.Join(err1, err2); err != nil {
		return 0, 0, fmt.Errorf("find user hacluster: %w", err)
	}
	if uid, err = accountID(string(passwd), "hacluster"); err == nil {
		gid, err = accountID(string(group), "haclient")
	}
	return uid, gid, err
}

// accountID reads the third field of name's line in the text of passwd(5) or
// group(5).
func accountID(text, name string) (int, error) {
	for line := range strings.Lines(text) {
		if f := strings.Split(strings.TrimSpace(line), ":"); len(f) > 2 && f[0] == name {
			return strconv.Atoi(f[2])
		}
	}
	return 0, fmt.Errorf("find account %s: not in the root file system", name)
}
