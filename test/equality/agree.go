// Package equality proves that all dialects of a description say the same, with the
// tools of several Debian releases as judges.
//
// For one description Agree generates every file and has the release's own software
// read each: Pacemaker verifies the CIB, pcs and the crm shell make CIBs of theirs
// out of nothing, and pcs makes a corosync.conf for the same nodes. What they made
// must configure the same as our files. Describe writes descriptions by chance.
package equality

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/oneha/oneha/cib"
	"github.com/oneha/oneha/internal/spec"
	"github.com/oneha/oneha/test/equality/chamber"
)

// With says how much is compared. Pacemaker's own programs and corosync always are.
type With struct {
	Crm   bool   // a load with the crm shell
	PCS   string // the pcs command that the script is run with, "" for none; chamber.PCS or pcs
	Twice bool   // the crm shell loads its file a second time, which changes nothing

	edit func(file string, data []byte) []byte // what a test spoils; nil for nothing
}

// prelude defines what the scripts below use. In a chamber there is no systemd to
// ask for units, so that pcs has to be told to take them.
const prelude = `
pcs_() {
	for word; do
		case $word in
		systemd:*) command $PCS "$@" --force; return ;;
		esac
	done
	command $PCS "$@"
}
`

// verify reads the CIB and the corosync.conf that are ours.
const verify = `
crm_verify -V -x live.xml
for rng in /usr/share/pacemaker/pacemaker-[3-9].*.rng; do
	xmllint --noout --relaxng $rng cib.xml
done
unshare --uts sh -ec 'hostname %s; corosync -t -c corosync.conf'
`

const runPCS = `
cibadmin --empty >pcs.xml
PCS='sh ./pcs' sh cluster.pcs.sh -f pcs.xml
`

const runCrm = `
cibadmin --empty >crm.xml
CIB_file=$PWD/crm.xml crm%[1]s configure load update cluster.crm
`

const again = `
cp crm.xml crm2.xml
CIB_file=$PWD/crm2.xml crm%[1]s configure load update cluster.crm
cmp crm.xml crm2.xml
`

// Agree returns what the tools in a chamber make of a cluster's files that our files
// do not say, or what they refuse. It is nil when all agree.
func Agree(ctx context.Context, c *chamber.Chamber, cluster spec.Cluster, with With) (err error) {
	files, err := cib.Generate(cluster)
	if err != nil {
		return err
	}
	room, err := c.Room()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, room.Remove()) }()
	ours := map[string][]byte{}
	for _, f := range files {
		ours[f.Name] = f.Data
		if with.edit != nil {
			ours[f.Name] = with.edit(f.Name, f.Data)
		}
	}
	ours["live.xml"], err = live(ours["cib.xml"], cluster)
	if err != nil {
		return err
	}
	ours["pcs"] = []byte("#!/bin/sh\nPCS='" + with.PCS + "'\n" + prelude + "pcs_ \"$@\"\n")
	for name, data := range ours {
		if err := room.Put(name, data); err != nil {
			return err
		}
	}
	force := ""
	if slices.ContainsFunc(cib.Build(cluster).Primitives, func(p cib.Primitive) bool { return p.Class == "systemd" }) {
		force = " -F"
	}
	var errs []error
	step := func(script string, args ...any) bool {
		if strings.Contains(script, "%") {
			script = fmt.Sprintf(script, args...)
		}
		_, err := room.Run(ctx, script)
		if err != nil {
			errs = append(errs, err)
		}
		return err == nil
	}
	same := func(theirs string) {
		if err := compare(room, theirs, ours["cib.xml"], cluster, step); err != nil {
			errs = append(errs, err)
		}
	}
	step(verify, cluster.Nodes[0].Name)
	if with.Crm && step(runCrm, force) {
		same("crm.xml")
		if with.Twice {
			step(again, force)
		}
	}
	if with.PCS != "" {
		if step(runPCS) {
			same("pcs.xml")
		}
		if step(oracle(cluster)) {
			errs = append(errs, compareConf(room, ours["corosync.conf"]))
		}
	}
	return errors.Join(errs...)
}

// compare wants a CIB in the room to configure what ours does, and Pacemaker to have
// no word against it.
func compare(room chamber.Room, theirs string, ours []byte, cluster spec.Cluster, step func(string, ...any) bool) error {
	data, err := room.Get(theirs)
	if err != nil {
		return err
	}
	a, err := cib.Canonical(ours)
	if err != nil {
		return err
	}
	b, err := cib.Canonical(data)
	if err != nil {
		return fmt.Errorf("%s: %w", theirs, err)
	}
	if diff := a.Diff(b); diff != "" {
		return fmt.Errorf("cib.xml and %s differ: -cib.xml +%[1]s\n%[2]s", theirs, diff)
	}
	if data, err = live(data, cluster); err != nil {
		return err
	}
	if err := room.Put("live-"+theirs, data); err != nil {
		return err
	}
	step("crm_verify -V -x live-" + theirs)
	return nil
}

// oracle has pcs write a corosync.conf for the cluster's nodes. The UUID that newer
// releases add by themselves is left out where that can be said.
func oracle(cluster spec.Cluster) string {
	var b strings.Builder
	b.WriteString("uuid=; if sh ./pcs cluster setup --help | grep -q no-cluster-uuid; then uuid=--no-cluster-uuid; fi\n")
	fmt.Fprintf(&b, "sh ./pcs cluster setup %s", cluster.Name)
	for _, n := range cluster.Nodes {
		b.WriteString(" " + n.Name)
		for _, a := range n.Addrs {
			b.WriteString(" addr=" + a.String())
		}
	}
	fmt.Fprintf(&b, " totem token=%d $uuid --corosync_conf $PWD/oracle.conf\n", cluster.Token.Milliseconds())
	if q := cluster.QDevice; q.Host != "" {
		fmt.Fprintf(&b, "sh ./pcs --corosync_conf $PWD/oracle.conf quorum device add model net host=%s algorithm=%s", q.Host, q.Algorithm)
		if q.TLS != "" {
			b.WriteString(" tls=" + q.TLS + " --force") // no pcs knows the option by name
		}
		b.WriteString("\n")
	}
	return b.String()
}

func compareConf(room chamber.Room, conf []byte) error {
	theirs, err := room.Get("oracle.conf")
	if err != nil {
		return err
	}
	ours, _, _ := strings.Cut(string(conf), "# From the description") // pcs knows nothing of raw
	if diff := cmp.Diff(settings(string(theirs)), settings(ours)); diff != "" {
		return fmt.Errorf("corosync.conf: -pcs +ours:\n%s", diff)
	}
	return nil
}

// settings reads a corosync.conf into sorted lines "section.key: value"; nodes are
// numbered in their order.
func settings(conf string) (lines []string) {
	var path []string
	nodes := 0
	for line := range strings.Lines(conf) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#':
		case strings.HasSuffix(line, "{"):
			name := strings.TrimSpace(strings.TrimSuffix(line, "{"))
			if name == "node" {
				nodes++
				name += fmt.Sprint(nodes)
			}
			path = append(path, name)
		case line == "}":
			path = path[:max(0, len(path)-1)]
		default:
			lines = append(lines, strings.Join(path, ".")+"."+line)
		}
	}
	slices.Sort(lines)
	return lines
}
