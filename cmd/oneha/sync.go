package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/oneha/oneha/internal/confedit"
	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/remote"
	"github.com/oneha/oneha/internal/spec"
	"github.com/oneha/oneha/internal/twin"
)

func (t tool) syncCommand() *cli.Command {
	return &cli.Command{
		Name:      "sync",
		Usage:     "say how the servers differ, or make this one like another",
		UsageText: "oneha sync --check [options] [SERVER ...]\noneha sync --from SERVER [options]",
		ArgsUsage: "[SERVER ...]",
		Description: "Servers that take over from each other must have the same configuration, keys,\n" +
			"drivers, rules of sudo, account of oneadmin, packages, enabled units and time.\n" +
			"--check compares this server with the others of the description, or with those\n" +
			"named, and changes nothing. Files are told by digests with a key made for one run:\n" +
			"no content is shown or sent. oned.conf and its kin are compared by what they say:\n" +
			"values that must differ, such as SERVER_ID, do not count (--list has them).\n\n" +
			"--from brings what differs from SERVER to this one, and keeps here what must\n" +
			"differ. It shows what it will do and asks. Each file is replaced at once or not at\n" +
			"all, with the owner and mode it has there; the old one is kept below\n" +
			twin.StateDir + ". Nothing is deleted but what --delete names, nothing is\n" +
			"restarted. Ended in the middle, run it again. Needs root on both, and oneha\n" +
			"on the other server, which is reached by ssh.\n\n" +
			"Examples:\n" +
			"  oneha sync --check\n" +
			"  oneha sync --check --json | jq -r '.servers[].differences[] | .item'\n" +
			"  oneha sync --from server-0 --dry-run\n" +
			"  oneha sync --from server-0\n" +
			"  oneha sync --from server-0 --delete /var/lib/one/remotes/hooks/old.sh --yes\n\n" +
			"Exit codes: 0 the same, or made so; 1 something differs, was not copied, or a\n" +
			"server did not answer; 2 wrong usage.",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "check", DisableDefaultText: true, Usage: "say what differs, and change nothing"},
			&cli.StringFlag{Name: "from", Usage: "make this server like `SERVER`"},
			&cli.StringFlag{Name: "file", Aliases: []string{"f"}, Usage: "the description is in `FILE`; ./oneha.yaml, else /etc/oneha/oneha.yaml"},
			&cli.StringFlag{Name: "mode", Usage: "the `MODE`, raft or pacemaker, where no description says so"},
			&cli.StringFlag{Name: "user", Usage: "log in as `USER`, who may use sudo; root, or the description's ssh_user"},
			&cli.StringSliceFlag{Name: "delete", Usage: "with --from: delete `PATH`, which only this server has"},
			&cli.BoolFlag{Name: "dry-run", DisableDefaultText: true, Usage: "with --from: show what would be done, and do nothing"},
			yesFlag,
			&cli.BoolFlag{Name: "json", DisableDefaultText: true, Usage: "print the result as JSON"},
			&cli.BoolFlag{Name: "list", DisableDefaultText: true, Usage: "list what is compared, and what differs on purpose"},
			&cli.BoolFlag{Name: "answer", Hidden: true, Usage: "answer another server: a request is on standard input"},
		},
		Action: t.sync,
	}
}

func (t tool) sync(c *cli.Context) error {
	ctx, stop := signal.NotifyContext(c.Context, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	machine, closeMachine := t.twinMachine()
	defer closeMachine()
	if c.Bool("answer") {
		if err := machine.Answer(ctx, t.stdin, t.stdout); err != nil {
			return failure{err}
		}
		return nil
	}
	run := syncing{tool: t, c: c, machine: machine}
	if err := run.usage(); err != nil {
		return fmt.Errorf("%w; see %s --help", err, c.Command.HelpName)
	}
	if err := run.describe(); err != nil {
		return err
	}
	const longest = time.Hour // of a copy over a slow line
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	switch {
	case c.Bool("list"):
		return run.list()
	case c.Bool("check"):
		return run.check(ctx)
	}
	return run.bring(ctx)
}

// twinMachine is this server.
func (t tool) twinMachine() (m twin.Machine, done func()) {
	local := remote.Local()
	m = twin.Machine{Root: "/", Run: local.Run, Now: time.Now}
	if t.machine.Root != "" {
		m.Root = t.machine.Root
	}
	return m, func() { _ = local.Close() } // nothing of it outlives this process
}

// syncing is a run of the command.
type syncing struct {
	tool
	c       *cli.Context
	machine twin.Machine
	mode    twin.Mode
	me      string
	user    string     // whom ssh logs in as, "" for root
	peers   []syncPeer // the other servers
	file    string     // with the description; "" for none
}

// syncPeer is another server.
type syncPeer struct{ name, addr string }

// usage refuses flags that do not go together.
func (run *syncing) usage() error {
	c := run.c
	count := 0
	for _, set := range []bool{c.Bool("check"), c.IsSet("from"), c.Bool("list")} {
		if set {
			count++
		}
	}
	switch {
	case count != 1:
		return errors.New("say one of --check, --from SERVER and --list")
	case c.IsSet("from") && c.String("from") == "":
		return errors.New("--from needs the name of a server")
	case c.NArg() > 0 && !c.Bool("check"):
		return errors.New("SERVER goes with --check only; one to copy from is named by --from")
	case !c.IsSet("from") && (c.Bool("dry-run") || c.IsSet("delete") || c.Bool("yes")):
		return errors.New("--dry-run, --delete and --yes go with --from")
	case c.Bool("list") && c.Bool("json"):
		return errors.New("--json goes with --check and --from")
	case !slices.Contains([]string{"", string(twin.Raft), string(twin.Pacemaker)}, c.String("mode")):
		return fmt.Errorf("mode %q is neither raft nor pacemaker", c.String("mode"))
	}
	for _, p := range c.StringSlice("delete") {
		if !filepath.IsAbs(p) {
			return fmt.Errorf("--delete %s: a path begins with /", p)
		}
	}
	return nil
}

// describe finds the servers and the mode.
func (run *syncing) describe() error {
	c := run.c
	run.user = c.String("user")
	cluster, err := run.description()
	if err != nil {
		return err
	}
	run.me, run.mode = "this server", twin.Mode(c.String("mode"))
	if cluster != nil {
		all := serversOf(*cluster)
		mode := twin.Pacemaker
		if cluster.Zone != nil {
			mode = twin.Raft
			run.user = cmp.Or(run.user, cluster.Zone.User)
		}
		if run.mode != "" && run.mode != mode {
			return fmt.Errorf("--mode %s: %s describes a cluster with mode %s", run.mode, run.file, mode)
		}
		run.mode = mode
		if i := run.self(all); i >= 0 {
			run.me = all[i].name
			all = slices.Delete(all, i, i+1)
		} else if !c.Bool("list") {
			return fmt.Errorf("this machine is none of the servers in %s: run this on one of them", run.file)
		}
		run.peers = all
	}
	if run.mode == "" {
		run.mode = run.guess()
	}
	return run.choose()
}

// description reads the description, if there is one.
func (run *syncing) description() (*spec.Cluster, error) {
	file, text, err := run.serverDescription(run.c.String("file"))
	if errors.Is(err, errNoDescription) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	run.file = file
	cluster, findings := spec.Parse(file, text)
	if findings.HasErrors() {
		run.print(findings)
		return nil, errFindings
	}
	return &cluster, nil
}

// serversOf are the servers of a description.
func serversOf(c spec.Cluster) []syncPeer {
	var all []syncPeer
	if c.Zone != nil {
		for _, s := range c.Zone.Servers {
			all = append(all, syncPeer{s.Name, s.Addr.String()})
		}
		return all
	}
	for _, n := range c.Nodes {
		all = append(all, syncPeer{n.Name, n.Addrs[0].String()})
	}
	return all
}

// self finds this machine among servers, by its addresses, else by its name.
func (run *syncing) self(all []syncPeer) int {
	own := run.ownAddresses()
	if i := slices.IndexFunc(all, func(p syncPeer) bool { return slices.Contains(own, p.addr) }); i >= 0 {
		return i
	}
	name := run.machineName()
	return slices.IndexFunc(all, func(p syncPeer) bool { return p.name == name })
}

// guess is the mode that oned.conf says: a server of a zone has a number.
func (run *syncing) guess() twin.Mode {
	const file = "/etc/one/oned.conf"
	text, err := os.ReadFile(filepath.Join(run.machine.Root, file))
	if err != nil {
		return twin.Pacemaker
	}
	conf, _ := confedit.Parse(file, text)
	if id, ok := conf.Get("FEDERATION", "SERVER_ID"); ok && id != "-1" {
		return twin.Raft
	}
	return twin.Pacemaker
}

// choose keeps the servers that are meant. One that the description does not have is
// taken for a name that ssh knows.
func (run *syncing) choose() error {
	meant := run.c.Args().Slice()
	if run.c.IsSet("from") {
		meant = []string{run.c.String("from")}
	}
	if len(meant) == 0 {
		if len(run.peers) == 0 && !run.c.Bool("list") {
			return errors.New("there is no description, so the other servers are not known: name them, or use -f FILE")
		}
		return nil
	}
	var names []string
	for _, p := range run.peers {
		names = append(names, p.name)
	}
	var chosen []syncPeer
	for _, name := range meant {
		i := slices.IndexFunc(run.peers, func(p syncPeer) bool { return p.name == name || p.addr == name })
		switch {
		case i >= 0:
			chosen = append(chosen, run.peers[i])
		case name == run.me:
			return fmt.Errorf("%s is this server itself", name)
		case len(names) > 0:
			if near := diag.Nearest(name, names); near != "" {
				return fmt.Errorf("%s is no server of %s: did you mean %q?", name, run.file, near)
			}
			return fmt.Errorf("%s is no other server of %s", name, run.file)
		default:
			chosen = append(chosen, syncPeer{name, name})
		}
	}
	run.peers = chosen
	return nil
}

// host is another server, to be closed.
func (run *syncing) host(p syncPeer) remote.Host {
	return remote.SSH(p.name, cmp.Or(run.user, "root"), p.addr)
}

// request is a question under a key of its own.
func (run *syncing) request() twin.Request {
	key := make([]byte, 32)
	rand.Read(key) // never fails
	return twin.Request{Format: twin.Format, Mode: run.mode, Key: key}
}
