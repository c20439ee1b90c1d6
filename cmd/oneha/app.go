package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/oneha/oneha/fence"
	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/nodefacts"
	"github.com/oneha/oneha/internal/version"
)

// Exit codes. A CI job can tell what is wrong with the cluster from a command that
// could not be understood.
const (
	exitOK       = 0 // no errors, perhaps warnings
	exitFindings = 1 // something that was checked has errors, or a BMC or the cluster did not do what it should
	exitTrouble  = 2 // wrong usage, or a file that cannot be read or written
)

// tool is what the commands work with: everything outside the program.
type tool struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	root           fs.FS // this machine's files, below "/"
	color          bool
	asks           bool                       // a person at a terminal can be asked
	terminal       bool                       // stderr is a terminal: a line on it may be written over
	addresses      func() ([]net.Addr, error) // this machine's
	syslog         func(message []byte) error // takes what fencing has to say; nil for none
	machine        nodefacts.Machine          // what check --node looks at; zero for this machine
}

// errFindings says that what is wrong was printed and the exit code is its.
var errFindings = errors.New("there are findings")

// failure is an error that is no wrong usage.
type failure struct{ error }

// exitCode is an error that was printed, of a command whose exit codes are those of the
// program that it takes the place of.
type exitCode int

func (c exitCode) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

// run is the whole program; it returns the exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return newTool(stdin, stdout, stderr).run(ctx, args)
}

// newTool is the tool on this machine.
func newTool(stdin io.Reader, stdout, stderr io.Writer) tool {
	terminal := isTerminal(stderr) && os.Getenv("TERM") != "dumb"
	return tool{
		stdin: stdin, stdout: stdout, stderr: stderr, root: os.DirFS("/"),
		color:     terminal && os.Getenv("NO_COLOR") == "",
		asks:      isTerminal(stdin) && isTerminal(stderr),
		terminal:  terminal,
		addresses: net.InterfaceAddrs,
		syslog:    fence.SystemEnv().Syslog,
	}
}

func (t tool) run(ctx context.Context, args []string) int {
	app := t.app()
	err := app.RunContext(ctx, flagsFirst(args, app.Commands))
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errFindings):
		return exitFindings
	}
	if code, ok := errors.AsType[exitCode](err); ok {
		return int(code)
	}
	fmt.Fprintf(t.stderr, "oneha: %v\n", err)
	if _, ok := errors.AsType[failure](err); ok {
		return exitFindings
	}
	return exitTrouble
}

func (t tool) app() *cli.App {
	commands := []*cli.Command{
		t.initCommand(), t.importCommand(), t.generateCommand(), t.checkCommand(), t.explainCommand(), t.planCommand(),
		t.applyCommand(), t.rollbackCommand(), t.statusCommand(), t.timelineCommand(), t.fenceCommand(), t.raftCommand(), t.syncCommand(),
		t.recoverCommand(), t.tmCommand(), t.hookCommand(), t.completionCommand(), t.versionCommand(), t.referenceCommand(),
	}
	for _, c := range commands {
		for _, c := range append(c.Subcommands, c) {
			c.HideHelpCommand = true // a FILE may be called help
			c.OnUsageError = usageError
		}
	}
	return &cli.App{
		Name:      "oneha",
		Usage:     "high availability for OpenNebula front-ends",
		UsageText: "oneha COMMAND [options] [FILE]\noneha COMMAND --help",
		Description: "Reads one short file that describes a cluster, says what it means, and makes a\n" +
			"cluster of Pacemaker and corosync, or an OpenNebula zone under Raft, what the file\n" +
			"says. FILE may be - for standard input, options may stand before or after it.\n\n" +
			"A first cluster:\n" +
			"  oneha init                  write oneha.yaml\n" +
			"  oneha check oneha.yaml\n" +
			"  oneha generate oneha.yaml -o out    out/runbook.md has every step\n" +
			"  oneha plan oneha.yaml       what each failure will do\n" +
			"  oneha apply oneha.yaml      on a node, when Pacemaker runs\n" +
			"  oneha status\n\n" +
			"A first zone under OpenNebula's own Raft, described by a file with mode: raft:\n" +
			"  oneha raft init             on its first server\n" +
			"  oneha raft join server-1    the others, one at a time\n" +
			"  oneha raft status\n" +
			"  oneha raft doctor --ssh     what is wrong, and the next step\n\n" +
			"After a failover, and when a hypervisor dies:\n" +
			"  oneha timeline              what happened, second by second\n" +
			"  oneha recover               virtual machines that wait for an answer that is lost\n" +
			"  oneha hook install          OpenNebula's host error hook\n\n" +
			"Exit codes: 0 no errors, perhaps warnings; 1 something checked has errors, or\n" +
			"a BMC or the cluster did not do what it should; 2 wrong usage, or a file that\n" +
			"cannot be read or written.",
		Version:                   version.String(),
		Commands:                  commands,
		Action:                    noCommand,
		OnUsageError:              usageError,
		Reader:                    t.stdin,
		Writer:                    t.stdout,
		ErrWriter:                 t.stderr,
		ExitErrHandler:            func(*cli.Context, error) {}, // only main exits
		CustomAppHelpTemplate:     strings.Replace(cli.AppHelpTemplate, "{{if .Version}}{{if not .HideVersion}}\n\nVERSION:\n   {{.Version}}{{end}}{{end}}", "", 1),
		DisableSliceFlagSeparator: true, // directories may hold commas; --format splits its own
	}
}

// noCommand runs when no command was recognised.
func noCommand(c *cli.Context) error {
	if !c.Args().Present() {
		_ = cli.ShowAppHelp(c) // an unwritable stdout has nobody to tell
		return errors.New("no command given: use one of those above")
	}
	return unknownCommand(c.Args().First(), c.App.VisibleCommands())
}

// unknownCommand says what a word may have been meant for.
func unknownCommand(word string, commands []*cli.Command) error {
	var names []string
	for _, command := range commands {
		names = append(names, command.Name)
	}
	if meant := diag.Nearest(word, names); meant != "" {
		return fmt.Errorf("unknown command %q: did you mean %q?", word, meant)
	}
	return fmt.Errorf("unknown command %q: use one of %s", word, strings.Join(names, ", "))
}

// usageError replaces the library's page of help by one line on stderr.
func usageError(c *cli.Context, err error, _ bool) error {
	return fmt.Errorf("%w: see %s --help", err, c.Command.HelpName)
}

// oneFile returns the command's single argument.
func oneFile(c *cli.Context) (string, error) {
	switch c.NArg() {
	case 1:
		return c.Args().First(), nil
	case 0:
		return "", fmt.Errorf("no FILE given: name the description, or - for standard input; see %s --help", c.Command.HelpName)
	}
	return "", fmt.Errorf("%d files given: a cluster is described in one; see %s --help", c.NArg(), c.Command.HelpName)
}

func (t tool) versionCommand() *cli.Command {
	return &cli.Command{
		Name:        "version",
		Usage:       "print the version",
		Description: "Example:\n  oneha version",
		Action: func(*cli.Context) error {
			line := "oneha version " + version.String()
			if commit := version.Commit(); commit != "" {
				line += ", commit " + commit
			}
			_, err := fmt.Fprintln(t.stdout, line)
			return err
		},
	}
}
