package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/spec"
	"github.com/oneha/oneha/internal/vmha/incident"
	"github.com/oneha/oneha/internal/vmha/settings"
)

func (t tool) hookCommand() *cli.Command {
	return &cli.Command{
		Name:      "hook",
		Usage:     "what is done with the virtual machines of a host that died",
		UsageText: "oneha hook install|missed [options]\noneha hook host-error [HOST] -m|-r|-d [-f] [-p N] [-u]",
		Description: "In the place of OpenNebula's ft/host_error.rb: waits whether the host comes back,\n" +
			"has its power cut, and only then brings its virtual machines to other hosts.\n" +
			"docs/vm-ha.md leads through it.\n\n" +
			"Examples:\n  oneha hook install --dry-run\n  oneha hook install\n  oneha hook missed",
		Subcommands: []*cli.Command{t.hostErrorCommand(), t.hookInstallCommand(), t.hookMissedCommand()},
		Action: func(c *cli.Context) error {
			if !c.Args().Present() {
				return fmt.Errorf("say what to do: see %s --help", c.Command.HelpName)
			}
			return unknownCommand(c.Args().First(), c.Command.VisibleCommands())
		},
	}
}

// originalExit is the exit code of the original for every trouble.
const originalExit = 255

func (t tool) hostErrorCommand() *cli.Command {
	return &cli.Command{
		Name:      "host-error",
		Usage:     "handle a host in ERROR, as OpenNebula calls it",
		UsageText: "oneha hook host-error [HOST] -m|-r|-d [-f] [-p N] [-u]",
		Description: "HOST is an ID or a host's document in base64. Without any word, the words are read\n" +
			"from standard input, as OpenNebula gives them to a hook with ARGUMENTS_STDIN=yes.\n\n" +
			"  -m, --migrate     bring machines to other hosts (shared storage)\n" +
			"  -r, --recreate    deploy them anew: what is on disks that are not persistent is lost\n" +
			"  -d, --delete      delete them\n" +
			"  -f, --force       suspended and powered-off machines, too\n" +
			"  -p, --pause N     wait N cycles of a minute whether the host comes back (2)\n" +
			"  -u, --no-fencing  do not cut its power: machines may run twice\n" +
			"  --anew            forget what the record of this host says\n" +
			"  --settings=FILE   instead of " + settings.DefaultFile + "\n" +
			"  --log=FILE        instead of /var/log/one/host_error.log\n" +
			"  --records=DIR     instead of " + incident.DefaultDir + "\n\n" +
			"No machine is touched unless the power was seen off. Run again after it was killed,\n" +
			"it goes on where it stopped.\n\n" +
			"Examples:\n  oneha hook host-error 3 -m -p 0        by hand, host 3 is dead for sure\n  onehook retry 0 12                     the event of a hook once more\n\n" +
			"Exit codes, as the original has them: 0 done, or the host came back; 255 anything\n" +
			"else, and the log says what.",
		SkipFlagParsing: true,
		Action:          t.hostError,
	}
}

func (t tool) hostError(c *cli.Context) error {
	words := c.Args().Slice()
	own := ownOptions{log: defaultHookLog(), records: incident.DefaultDir}
	words = own.take(words)
	stdin := ""
	if len(words) == 0 {
		if t.asks {
			return fmt.Errorf("name the host and what to do, such as 3 -m -p 0: see %s --help", c.Command.HelpName)
		}
		var err error
		if stdin, err = t.hookInput(); err != nil {
			return failure{err}
		}
	} else if len(words) == 1 && (words[0] == "-h" || words[0] == "--help") {
		return cli.ShowSubcommandHelp(c)
	}
	event, err := incident.Parse(own.take(incident.Words(words, stdin)))
	if err := asOneadmin(c.Command.HelpName, own.records, filepath.Dir(own.log)); err != nil {
		fmt.Fprintf(t.stderr, "oneha: %v\n", err) // not into the log: it would be root's
		return exitCode(originalExit)
	}
	log := t.hookLog(own.log, event.Host)
	if err != nil {
		log.Error("%v", err)
		log.Error("Exiting due to previous error.")
		return exitCode(originalExit)
	}
	ctx, done := duty(c.Context)
	defer done()
	work, err := t.hookWork(own, log)
	if err == nil {
		err = asOneadmin(c.Command.HelpName, work.Settings.AuthFile)
	}
	if err == nil {
		err = incident.Run(ctx, work, event)
	} else {
		log.Error("%v", err)
		log.Error("Exiting due to previous error.")
	}
	if err != nil {
		return exitCode(originalExit)
	}
	return nil
}

// maxEvent bounds the words of an event, in bytes. The document of a host with a thousand
// machines has some 100 kB.
const maxEvent = 16 << 20

// hookInput reads the words that OpenNebula writes to the hook's standard input.
func (t tool) hookInput() (string, error) {
	text, err := io.ReadAll(io.LimitReader(t.stdin, maxEvent+1))
	if err == nil && len(text) > maxEvent {
		err = fmt.Errorf("more than %d MB", maxEvent>>20)
	}
	if err != nil {
		return "", fmt.Errorf("read the arguments of the hook: %w", err)
	}
	return string(text), nil
}

// ownOptions are those that the original does not have.
type ownOptions struct{ settings, log, records string }

// take takes them out of the words of a hook.
func (o *ownOptions) take(words []string) (rest []string) {
	for _, w := range words {
		name, value, _ := strings.Cut(w, "=")
		switch name {
		case "--settings":
			o.settings = value
		case "--log":
			o.log = value
		case "--records":
			o.records = value
		default:
			rest = append(rest, w)
		}
	}
	return rest
}

func defaultHookLog() string {
	if location := os.Getenv("ONE_LOCATION"); location != "" {
		return filepath.Join(location, "var/host_error.log")
	}
	return "/var/log/one/host_error.log"
}

// hookLog writes to the log and to standard error, which OpenNebula keeps with the
// hook's result.
func (t tool) hookLog(file string, host int) *incident.Log {
	return &incident.Log{File: file, Host: host, Also: func(level byte, text string) {
		fmt.Fprintf(t.stderr, "[%c] %s\n", level, text)
	}}
}

// hookWork reads the settings, and what they name.
func (t tool) hookWork(o ownOptions, log *incident.Log) (incident.Work, error) {
	w := incident.Work{Dir: o.records, Log: log, Every: 2 * time.Second, Self: t.isHere}
	set, err := t.hookSettings(o.settings)
	if err != nil {
		return w, err
	}
	w.Settings = set
	if w.Endpoint, err = one.ParseEndpoint(set.Endpoint); err != nil {
		return w, fmt.Errorf("endpoint %w", err)
	}
	if w.Credentials, err = one.ReadCredentials(set.AuthFile); err != nil {
		return w, err
	}
	w.Every = min(w.Every, set.Settle)
	w.Power = incident.Agents{Fencing: set.Fencing, Syslog: t.syslog}
	return w, nil
}

// isHere reports whether a host of OpenNebula is this machine. Its name is not looked up:
// where the network is in trouble, that hangs.
func (t tool) isHere(host string) bool {
	n := spec.Node{Name: host}
	if address, err := netip.ParseAddr(host); err == nil {
		n.Addrs = []netip.Addr{address}
	}
	return host == "localhost" || t.isThisMachine(n)
}

// asOneadmin refuses to handle a host as root where one of these files is somebody
// else's: the record and the log that root makes there the hook itself, as oneadmin,
// could not go on with.
func asOneadmin(command string, files ...string) error {
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil || os.Geteuid() != 0 {
			continue // who makes it owns it
		}
		stat, ok := info.Sys().(*syscall.Stat_t)
		if !ok || stat.Uid == 0 {
			continue
		}
		name := fmt.Sprintf("'#%d'", stat.Uid)
		if u, err := user.LookupId(fmt.Sprint(stat.Uid)); err == nil {
			name = u.Username
		}
		return fmt.Errorf("%s belongs to the user as whom OpenNebula runs the hook, and what root writes the hook could not go on with: run the same with sudo -u %s %s", file, name, command)
	}
	return nil
}

// hookSettings reads the file that is named, or the default one, which need not be there.
func (t tool) hookSettings(file string) (settings.Settings, error) {
	set, findings, err := settings.Load(cmp.Or(file, settings.DefaultFile))
	switch {
	case file == "" && errors.Is(err, fs.ErrNotExist):
		return settings.Default(), nil
	case err != nil:
		return set, err
	case findings.HasErrors():
		var lines []string
		for _, f := range findings {
			lines = append(lines, f.String())
		}
		return set, errors.New(strings.Join(lines, "\n"))
	}
	return set, nil
}

// askLimit bounds what a person waits for.
func askLimit(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, time.Minute)
}
