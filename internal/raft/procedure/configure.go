package procedure

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/raft/zoneconf"
	"github.com/oneha/oneha/internal/remote"
	"github.com/oneha/oneha/internal/spec"
)

// edit is what makes one file of a configuration right.
type edit func(z *spec.Zone, file string, text []byte) (zoneconf.Edited, diag.Findings)

// member is the configuration of a server with this ID.
func member(server spec.ZoneServer, id int) edit {
	server.ID = id
	return func(z *spec.Zone, file string, text []byte) (zoneconf.Edited, diag.Findings) {
		return zoneconf.Edits(z, server, file, text)
	}
}

// beforeUs is behind the name of a file as it was before the first procedure.
const beforeUs = ".before-oneha"

// configuration is what is to be done to the files of a server, none when all are right.
func (b *builder) configuration(ctx context.Context, a at, to edit) ([]Action, error) {
	var actions []Action
	for _, file := range zoneconf.Files {
		text, err := a.host.ReadFile(ctx, file)
		if errors.Is(err, fs.ErrNotExist) && file != zoneconf.OnedConf {
			continue
		}
		if err != nil {
			return nil, err
		}
		edited, findings := to(b.Zone, file, text)
		if findings.HasErrors() {
			return nil, fmt.Errorf("%s: %s", a.Name, firstError(findings))
		}
		for _, f := range findings {
			if warning := a.Name + ": " + f.String(); !slices.Contains(b.warnings, warning) {
				b.warnings = append(b.warnings, warning)
			}
		}
		if len(edited.Edits) == 0 {
			continue
		}
		write := a.write(file, "", remote.Meta{}, false)
		write.Shown = []string{fmt.Sprintf("# on %s, edit %s:", a.Name, file)}
		for _, e := range edited.Edits {
			write.Shown = append(write.Shown, fmt.Sprintf("#   line %d: %s: %s instead of %s", e.Line, e.What, e.Is, e.Was))
		}
		write.do = func(ctx context.Context) error { return a.host.WriteFile(ctx, file, edited.Text, remote.Meta{}) }
		actions = append(actions, a.run("cp", "-pn", file, file+beforeUs), write)
	}
	return actions, nil
}

// files are those that a server needs beside OpenNebula's and those of packages.
func (b *builder) files(ctx context.Context, a at) ([]Action, error) {
	var actions []Action
	if len(b.Description) > 0 {
		now, err := a.content(ctx, descriptionFile)
		if err != nil {
			return nil, err
		}
		if now != string(b.Description) {
			write := a.write(descriptionFile, string(b.Description), remote.Meta{Mode: 0o644}, false)
			write.Shown = []string{"# on " + a.Name + ", " + descriptionFile + ": the description of the zone"}
			actions = append(actions, a.run("install", "-d", "-m", "0755", "/etc/oneha"), write)
		}
	}
	return actions, nil
}

// configure is the step that makes a server's configuration that of a member. id may
// be asked for before the server has one.
func (b *builder) configure(over func(context.Context) (bool, error), id func(context.Context) (int, error)) Step {
	actions := func(ctx context.Context) ([]Action, error) {
		n, err := id(ctx)
		if err != nil {
			return nil, err
		}
		edits, err := b.configuration(ctx, b.target, member(b.target.ZoneServer, n))
		if err != nil {
			return nil, err
		}
		files, err := b.files(ctx, b.target)
		return append(edits, files...), err
	}
	return Step{Name: "configure " + b.target.Name,
		Done: func(ctx context.Context) (bool, error) {
			if ok, err := over(ctx); ok || err != nil {
				return ok, err
			}
			left, err := actions(ctx)
			return len(left) == 0 && err == nil, err
		},
		Actions: actions,
	}
}

// atBoot are the units of a server that have to be enabled and are not.
func (b *builder) atBoot(ctx context.Context, a at) ([]string, error) {
	var names []string
	for _, u := range zoneconf.Units(b.Zone) {
		if u.Enable {
			names = append(names, u.Name)
		}
	}
	units, err := a.units(ctx, names...)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(names, func(name string) bool { return !units[name].installed || units[name].enabled }), nil
}

// enable is the step that has a server's units started at boot.
func (b *builder) enable() Step {
	return Step{Name: "enable the units of " + b.target.Name,
		Done: func(ctx context.Context) (bool, error) {
			left, err := b.atBoot(ctx, b.target)
			return len(left) == 0, err
		},
		Actions: func(ctx context.Context) ([]Action, error) {
			left, err := b.atBoot(ctx, b.target)
			return []Action{b.target.run(append([]string{"systemctl", "enable"}, left...)...)}, err
		},
	}
}

// beside are the actions that start what runs on every server, such as FireEdge: nobody
// else does before the next boot. They read the keys in .one when they start, so where
// those were replaced they start anew. It is not waited for them: oned does not need them.
func (b *builder) beside(ctx context.Context) ([]Action, error) {
	var names []string
	for _, u := range zoneconf.Units(b.Zone) {
		if u.Always {
			names = append(names, u.Name)
		}
	}
	if len(names) == 0 {
		return nil, nil
	}
	units, err := b.target.units(ctx, names...)
	if err != nil {
		return nil, err
	}
	verb, again := "start", (b.p.Kind == Join || b.p.Kind == Replace) && !b.p.mends
	if again {
		verb = "restart"
	}
	names = slices.DeleteFunc(names, func(name string) bool { return !units[name].installed || units[name].active && !again })
	if len(names) == 0 {
		return nil, nil
	}
	return []Action{b.target.run(append([]string{"systemctl", verb, "--no-block"}, names...)...)}, nil
}

// start is the step that starts oned, the guard, and what runs on every server.
func (b *builder) start(first ...Action) Step {
	return Step{Name: "start oned on " + b.target.Name, Limit: command + b.Waits.State,
		Done: func(ctx context.Context) (bool, error) {
			if supposed(ctx, "stop oned on "+b.target.Name) {
				return false, nil
			}
			units, err := b.target.units(ctx, onedUnit, zoneconf.GuardUnit)
			return units[onedUnit].active && units[zoneconf.GuardUnit].active, err
		},
		Actions: func(ctx context.Context) ([]Action, error) {
			all := append(first[:len(first):len(first)], b.target.run("systemctl", "start", onedUnit))
			beside, err := b.beside(ctx)
			// The guard comes last: when it runs the step counts as done.
			return append(append(all, beside...), b.target.run("systemctl", "start", zoneconf.GuardUnit)), err
		},
	}
}

// halt are the actions that stop a server's oned for good. A candidate does not end by
// itself; systemd kills it after its 90 s, and then oned's lock is left.
func halt(a at) []Action {
	return []Action{a.run("systemctl", "stop", zoneconf.GuardUnit, onedUnit), a.run("rm", "-f", onedLock)}
}
