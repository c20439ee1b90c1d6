package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/oneha/oneha/cib"
	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/interview"
	"github.com/oneha/oneha/internal/lint"
	"github.com/oneha/oneha/internal/spec"
)

func (t tool) initCommand() *cli.Command {
	return &cli.Command{
		Name:  "init",
		Usage: "ask what a description needs, and write it",
		Description: "Looks at this machine, one of the nodes: its name, addresses, BMC, an existing\n" +
			"cluster, OpenNebula's release and services. Asks for what makes the description\n" +
			"of a cluster, with what it found in brackets: Enter takes that, ? says more.\n" +
			"Nothing is changed but the one FILE, which has every key with its reason.\n\n" +
			"What a flag answers is not asked. Without a terminal the answers are read from\n" +
			"standard input, one a line. It never asks for a password, only for the name of\n" +
			"the file that is to hold it.\n\n" +
			"Examples:\n" +
			"  oneha init\n" +
			"  oneha init --advanced -o cluster.yaml\n" +
			"  oneha init --yes --node one-server1=10.3.4.20 --node one-server2=10.3.4.21 \\\n" +
			"     --bmc one-server1=ilo5://10.3.5.20 --bmc one-server2=ilo5://10.3.5.21 \\\n" +
			"     --vip 10.3.4.2/24\n\n" +
			"Exit codes: 0 written; 1 written, and oneha check finds errors in it; 2 wrong\n" +
			"usage, answers that miss or are wrong, or a file that cannot be written: then\n" +
			"nothing is.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write `FILE`, - for standard output (default: " + defaultFile + ")"},
			&cli.BoolFlag{Name: "force", DisableDefaultText: true, Usage: "overwrite FILE"},
			&cli.BoolFlag{Name: "yes", DisableDefaultText: true, Usage: "ask nothing: take what is found, and fail with all that is missing"},
			&cli.BoolFlag{Name: "advanced", DisableDefaultText: true, Usage: "ask for layout, quorum device and target too"},
			&cli.StringFlag{Name: "cluster", Usage: "the cluster's `NAME`"},
			&cli.StringSliceFlag{Name: "node", Usage: "a node, `NAME=ADDRESS`, with a second link NAME=ADDRESS,ADDRESS; once for each, this machine too"},
			&cli.StringSliceFlag{Name: "bmc", Usage: "a node's BMC, `NAME=URL`, as in one-server1=ipmi://10.3.5.20; once for each node"},
			&cli.StringFlag{Name: "bmc-user", Usage: "the `NAME` of the account that the BMCs share"},
			&cli.StringFlag{Name: "password-file", Usage: "the `FILE` that holds its password on each node"},
			&cli.StringFlag{Name: "vip", Usage: "the floating IP, `ADDRESS/PREFIX`; an interface may follow, with a blank"},
			&cli.StringFlag{Name: "services", Usage: "the services to run, a `LIST` with commas"},
			&cli.StringFlag{Name: "prefer", Usage: "the preferred node's `NAME`, - for none"},
			&cli.StringFlag{Name: "layout", Usage: "the `LAYOUT`: staged, colocation or group"},
			&cli.StringFlag{Name: "qdevice", Usage: "the quorum device's `HOST`, - for none"},
			&cli.StringFlag{Name: "target", Usage: "what the nodes run on, instead of what this machine does: a `TARGET` such as debian-12, or portable"},
		},
		Action: t.init,
	}
}

// answersOf are the flags that each answer one question, by the path of its key.
var answersOf = map[string]string{
	"cluster": "cluster", "bmc-user": "bmc.username", "password-file": "bmc.password_file", "vip": "vip",
	"services": "services", "prefer": "prefer", "layout": "layout", "qdevice": "qdevice", "target": "target",
}

func (t tool) init(c *cli.Context) error {
	if c.NArg() > 0 {
		return fmt.Errorf("unexpected %q: name the file with -o %s; see %s --help", c.Args().First(), shellWord(c.Args().First()), c.Command.HelpName)
	}
	file := defaultFile
	if c.IsSet("output") {
		file = c.String("output")
	}
	if err := writable(file, c.Bool("force")); err != nil {
		return err
	}
	given := interview.Given{}
	if err := given.Nodes(c.StringSlice("node"), c.StringSlice("bmc")); err != nil {
		return err
	}
	for flag, key := range answersOf {
		if c.IsSet(flag) {
			given[key] = c.String(flag)
		}
	}
	ctx, done := duty(c.Context)
	defer done()
	m, err := t.lookAround(ctx)
	if err != nil {
		return err
	}
	if given["target"] == "detect" { // as generate has it
		if given["target"] = m.Target; m.Target == "" {
			return errors.New("--target detect: neither the release nor the cluster's programs are known here: name one, such as debian-12")
		}
	}
	iv, found := interview.New(m, given, c.Bool("advanced"))
	if found.HasErrors() {
		return refused(found, nil)
	}
	if c.Bool("yes") {
		missing, more := iv.Defaults()
		if found = append(found, more...); len(missing) > 0 || found.HasErrors() {
			return refused(found, missing)
		}
	}
	if _, asks := iv.Next(); asks {
		fmt.Fprint(t.stderr, m.Found())
		if err := t.ask(ctx, iv); err != nil {
			return err
		}
	}
	return t.finish(c, iv.Answers(), m, file)
}

// writable refuses a file that is there, before anybody answers questions for it.
func writable(file string, force bool) error {
	if file == "-" {
		return nil
	}
	if file == "" {
		return errors.New("the name of the output file is empty: use -o FILE")
	}
	info, err := os.Lstat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("look at output file: %w", err)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s exists and is not a file: name another with -o FILE", file)
	case !force:
		return fmt.Errorf("%s exists: name another with -o FILE, or overwrite it with --force", file)
	}
	return nil
}

// refused is the error for everything that is wrong or missing, at once.
func refused(found diag.Findings, missing []interview.Missing) error {
	var lines []string
	for _, f := range found {
		if f.Severity == diag.Error {
			lines = append(lines, f.What+"; "+f.Fix)
		}
	}
	if len(missing) > 0 {
		lines = append(lines, "missing: "+named(missing))
	}
	return fmt.Errorf("nothing was written: %s", strings.Join(lines, "\n  "))
}

// named lists answers with the flags that give them.
func named(missing []interview.Missing) string {
	var all []string
	for _, m := range missing {
		all = append(all, m.Label+" ("+m.Flag+")")
	}
	return strings.Join(all, ", ")
}

// finish judges the description, writes it, and says what comes next.
func (t tool) finish(c *cli.Context, a interview.Answers, m interview.Machine, file string) error {
	data := a.File(file, m.Notes())
	findings, err := t.judge(file, data)
	if err != nil {
		return err
	}
	next := t.stdout
	if file == "-" {
		next = t.stderr
		if _, err := t.stdout.Write(data); err != nil {
			return fmt.Errorf("write description: %w", err)
		}
	} else {
		if err := writable(file, c.Bool("force")); err != nil { // it may have come while questions were asked
			return fmt.Errorf("nothing was written: %w", err)
		}
		if err := writeFiles(filepath.Dir(file), []cib.File{{Name: filepath.Base(file), Data: data, Mode: 0o644}}); err != nil {
			return err
		}
	}
	t.print(findings)
	t.sayNext(next, a, file)
	if findings.HasErrors() {
		return errFindings
	}
	return nil
}

// judge is oneha check of the description alone; whether the password file is there is
// not asked yet.
func (t tool) judge(file string, data []byte) (diag.Findings, error) {
	cluster, findings := spec.Parse(file, data)
	lint.Number(findings)
	if !findings.HasErrors() {
		facts := lint.Facts{Agents: agentParameters()}
		var err error
		if facts.Description, err = lint.Describe(file, data, cluster); err != nil {
			return nil, err
		}
		findings = append(findings, lint.Check(facts, nil)...)
	}
	findings.Sort()
	return findings, nil
}

// sayNext is the way from here to a cluster.
func (t tool) sayNext(w io.Writer, a interview.Answers, file string) {
	name := shellWord(file)
	if file == "-" {
		name = defaultFile
	} else {
		fmt.Fprintf(w, "wrote %s\n", file)
	}
	password := shellWord(a.PasswordFile)
	fmt.Fprintf(w, "\nnext:\n")
	for i, s := range [][2]string{
		{"on each node, write the BMCs' password into the first line of " + a.PasswordFile, "test -s " + password + " || install -D -m 600 /dev/null " + password},
		{"see whether the BMCs answer", "oneha fence probe -f " + name},
		{"on each node, see whether it is ready", "oneha check --node " + name},
		{"see what will be made, and what happens in each failure", "oneha plan " + name},
		{"make it, on a running cluster", "oneha apply " + name},
		{"or from the bare machines, step by step", "oneha generate " + name + " --format runbook"},
	} {
		fmt.Fprintf(w, "  %d. %s:\n       %s\n", i+1, s[0], s[1])
	}
}
