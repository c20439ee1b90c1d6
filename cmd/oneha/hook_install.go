package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/vmha/incident"
	"github.com/oneha/oneha/internal/vmha/settings"
)

// hookScript is what the hook manager runs: with ARGUMENTS_STDIN it gives a command no
// arguments at all, so the words in front of them need a script.
const (
	hookScriptName = "oneha/host_error"
	hookScript     = "#!/bin/sh\n# Written by oneha hook install.\nexec oneha hook host-error \"$@\"\n"
)

// hookTemplate is the hook as `onehook create` takes it. The hook manager puts the host
// in the place of $TEMPLATE only where it stands as a word of its own.
func hookTemplate(arguments string) string {
	return "NAME            = \"host_error\"\n" +
		"TYPE            = state\n" +
		"RESOURCE        = HOST\n" +
		"STATE           = \"ERROR\"\n" +
		"REMOTE          = \"no\"\n" +
		"COMMAND         = \"" + hookScriptName + "\"\n" +
		"ARGUMENTS       = \"$TEMPLATE " + arguments + "\"\n" +
		"ARGUMENTS_STDIN = \"yes\"\n"
}

func (t tool) hookInstallCommand() *cli.Command {
	return &cli.Command{
		Name: "install", Usage: "make the hook in OpenNebula",
		Description: "Writes the script that OpenNebula runs (remotes/hooks/" + hookScriptName + "), the\n" +
			"directories of its records and, as root, of its settings (" + settings.Dir + "), and the\n" +
			"hook itself with onehook create. What is there already stays. A hook of\n" +
			"ft/host_error.rb for the same event has to go first: two would both act. In a Raft\n" +
			"zone run it on each server; the hook is made once.\n\n" +
			"Examples:\n  oneha hook install --dry-run             print what would be done\n  oneha hook install --arguments='-m -p 5'",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "dry-run", DisableDefaultText: true, Usage: "print the template and what would be done"},
			&cli.StringFlag{Name: "arguments", Value: "-m -p 5", Usage: "`WORDS` behind the host: see oneha hook host-error --help"},
			&cli.StringFlag{Name: "remotes", Value: "/var/lib/one/remotes", Usage: "`DIR` of the drivers"},
			&cli.StringFlag{Name: "records", Value: incident.DefaultDir, Usage: "`DIR` of the records"},
			&cli.StringFlag{Name: "settings", Usage: "`FILE` instead of " + settings.DefaultFile},
		},
		Action: t.hookInstall,
	}
}

func (t tool) hookInstall(c *cli.Context) error {
	if c.Args().Present() {
		return fmt.Errorf("%q: no argument is taken: see %s --help", c.Args().First(), c.Command.HelpName)
	}
	arguments := c.String("arguments")
	if _, err := incident.Parse(append(strings.Fields(arguments), "0")); err != nil {
		return fmt.Errorf("--arguments: %w", err)
	}
	// What is not in its usual place the hook has to be told at every event.
	for _, flag := range []string{"settings", "records"} {
		if c.IsSet(flag) {
			file, err := filepath.Abs(c.String(flag))
			if err != nil {
				return err
			}
			arguments += " --" + flag + "=" + file
		}
	}
	if strings.ContainsAny(arguments, "\"\\\n$") || len(strings.Fields(arguments)) != strings.Count(arguments, " ")+1 {
		return errors.New("--arguments: only options of the hook, with one space between them and without quotes")
	}
	set, err := t.hookSettings(c.String("settings"))
	if err != nil {
		return failure{err}
	}
	script := filepath.Join(c.String("remotes"), "hooks", hookScriptName)
	if c.Bool("dry-run") {
		_, err := fmt.Fprintf(t.stdout, "%s\n# and: %s,\n#   which runs oneha hook host-error;\n# where they are missing, the directories\n#   %s (oneadmin's, mode 0700)\n#   %s (root's and the group of oneadmin, mode %04o);\n# onehook create with the template above.\n",
			hookTemplate(arguments), script, c.String("records"), settings.Dir, settings.DirMode)
		return err
	}
	endpoint, err := one.ParseEndpoint(set.Endpoint)
	if err != nil {
		return fmt.Errorf("endpoint %w", err)
	}
	credentials, err := one.ReadCredentials(set.AuthFile)
	if err != nil {
		return failure{err}
	}
	ctx, cancel := askLimit(c.Context)
	defer cancel()
	hooks, err := one.Hooks(ctx, endpoint, credentials)
	if _, ok := errors.AsType[*one.Fault](err); ok { // no such method
		if err := t.hookFiles(c, script); err != nil {
			return err
		}
		return failure{fmt.Errorf("%w\nOpenNebula before 5.10 has its hooks in oned.conf. The script is there; write\n  HOST_HOOK = [ NAME = \"host_error\", ON = \"ERROR\", COMMAND = %q, ARGUMENTS = \"$ID %s\", REMOTE = \"no\" ]\nand restart oned", err, script, arguments)}
	}
	if err != nil {
		return failure{err}
	}
	there, other := sameHook(hooks)
	if other != nil {
		return failure{fmt.Errorf("hook %d (%s) runs %s for the same event, and both would act: onehook delete %d, then run this again", other.ID, other.Name, other.Command, other.ID)}
	}
	if err := t.hookFiles(c, script); err != nil {
		return err
	}
	if there != nil {
		if want := "$TEMPLATE " + arguments; there.Arguments != want || !strings.EqualFold(there.Stdin, "yes") {
			return failure{fmt.Errorf("hook %d is there with ARGUMENTS = %q and ARGUMENTS_STDIN = %q, wanted is %q and \"yes\": onehook delete %d, then run this again", there.ID, there.Arguments, there.Stdin, want, there.ID)}
		}
		_, err := fmt.Fprintf(t.stdout, "hook %d is there already\n", there.ID)
		return err
	}
	return t.createHook(ctx, hookTemplate(arguments), set.AuthFile, endpoint)
}

// hookFiles writes what the hook needs beside OpenNebula's own.
func (t tool) hookFiles(c *cli.Context, script string) error {
	if err := installHookFiles(script, c.String("records"), c.String("remotes")); err != nil {
		return failure{err}
	}
	if c.String("settings") == "" {
		said, err := makeSettingsDir(settings.Dir, c.String("remotes"))
		if err != nil {
			return failure{err}
		}
		fmt.Fprint(t.stdout, said)
	}
	return nil
}

// sameHook finds our hook, and one that acts on the same event.
func sameHook(hooks []one.Hook) (ours, other *one.Hook) {
	for i, h := range hooks {
		switch {
		case h.Command == hookScriptName || strings.HasSuffix(h.Command, "/"+hookScriptName):
			ours = &hooks[i]
		case h.Resource == "HOST" && h.State == "ERROR":
			other = &hooks[i]
		}
	}
	return ours, other
}

// installHookFiles writes what the hook needs, for the owner of the drivers: oneadmin,
// as whom the hook manager runs.
func installHookFiles(script, records, remotes string) error {
	owner, err := os.Stat(remotes)
	if err != nil {
		return fmt.Errorf("%w: is this a front-end? --remotes names the drivers' directory", err)
	}
	for _, dir := range []struct {
		name string
		mode fs.FileMode
	}{{filepath.Dir(script), 0o755}, {records, 0o700}} {
		// Those above are for all: oneadmin has to come through.
		if err := os.MkdirAll(filepath.Dir(dir.name), 0o755); err != nil {
			return err
		}
		if err := os.Mkdir(dir.name, dir.mode); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		if err := giveTo(dir.name, owner); err != nil {
			return err
		}
	}
	if records == incident.DefaultDir {
		if err := openWay(filepath.Dir(records)); err != nil {
			return err
		}
	}
	if text, err := os.ReadFile(script); err == nil && string(text) == hookScript {
		return nil
	}
	return writeScript(script, owner)
}

// writeScript replaces the script. Its directory is oneadmin's: what already has the
// name of the new file is not written through.
func writeScript(script string, owner fs.FileInfo) error {
	next := script + ".oneha-new"
	if err := os.Remove(next); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	_, err = f.WriteString(hookScript)
	if err = errors.Join(err, f.Chmod(0o755), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := giveTo(next, owner); err != nil {
		return err
	}
	return os.Rename(next, script)
}

// openWay lets oneadmin come through the directory above the records. Other commands make
// it for root alone; what they keep in it is closed by itself.
func openWay(dir string) error {
	const through = 0o011
	info, err := os.Stat(dir)
	if err != nil || info.Mode()&through == through || os.Geteuid() != 0 {
		return err
	}
	return os.Chmod(dir, info.Mode()|through)
}

// makeSettingsDir makes the directory of the settings where it is missing, for root and
// the group of the drivers' owner, and says what it did, or what root has to do.
func makeSettingsDir(dir, remotes string) (said string, err error) {
	owner, err := os.Stat(remotes)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if os.Geteuid() != 0 {
		return fmt.Sprintf("There is no %s, where settings and passwords of BMCs belong. As root: install -d -m %04o -o root -g oneadmin %s\n", dir, settings.DirMode, dir), nil
	}
	group := -1
	if stat, ok := owner.Sys().(*syscall.Stat_t); ok {
		group = int(stat.Gid)
	}
	// Closed until it has its group.
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", fmt.Errorf("%w: is this a front-end?", err)
	}
	if err := os.Lchown(dir, 0, group); err != nil {
		return "", err
	}
	if err := os.Chmod(dir, settings.DirMode); err != nil {
		return "", err
	}
	return fmt.Sprintf("Made %s (mode %04o): settings and passwords of BMCs belong there.\n", dir, settings.DirMode), nil
}

// giveTo gives a file to the owner of another one, where this process may.
func giveTo(name string, owner fs.FileInfo) error {
	stat, ok := owner.Sys().(*syscall.Stat_t)
	if !ok || os.Geteuid() != 0 {
		return nil
	}
	return os.Lchown(name, int(stat.Uid), int(stat.Gid))
}

// createHook runs onehook create as the CLI of OpenNebula is run by oneadmin.
func (t tool) createHook(ctx context.Context, template, authFile string, e one.Endpoint) error {
	file, err := os.CreateTemp("", "oneha-hook-*")
	if err != nil {
		return failure{err}
	}
	defer os.Remove(file.Name())
	if _, err = file.WriteString(template); err == nil {
		err = file.Close()
	}
	if err != nil {
		return failure{err}
	}
	cmd := exec.CommandContext(ctx, "onehook", "create", file.Name())
	cmd.Env = append(os.Environ(), "ONE_AUTH="+authFile, "ONE_XMLRPC="+e.String())
	cmd.Stdout, cmd.Stderr = t.stdout, t.stderr
	if err := cmd.Run(); err != nil {
		return failure{fmt.Errorf("onehook create: %w; the template is what --dry-run prints", err)}
	}
	_, err = fmt.Fprintln(t.stdout, "The hook is made. Try it: vm-ha.md in /usr/share/doc/oneha/docs, \"Try it\".")
	return err
}
