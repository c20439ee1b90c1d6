package procedure

import (
	"context"
	"fmt"
	"strings"

	"github.com/oneha/oneha/internal/remote"
)

// fresh is for how long a dump is used again by a run that goes on, in minutes: the
// leader's log must reach back to it (LOG_RETENTION).
const fresh = "120"

// Digest of a directory: names, owners, modes and contents.
const (
	keys       = onedData + "/.one"
	keysNew    = onedData + "/.one.incoming"
	keysOld    = onedData + "/.one.before"
	keysDigest = `cd ` + keys + ` 2>/dev/null || exit 1; (find . -printf '%p %y %m %u:%g\n' | LC_ALL=C sort; find . -type f -exec sha256sum {} + | LC_ALL=C sort) | sha256sum`
	keysSwap   = `set -e; test -d ` + keysNew + `/.one; if test -e ` + keys + `; then rm -rf ` + keysOld + `; mv -T ` + keys + ` ` + keysOld + `; fi; ` +
		`mv -T ` + keysNew + `/.one ` + keys + `; rmdir ` + keysNew
)

// predicate is a question about what is.
type predicate = func(ctx context.Context) (bool, error)

// either is true when the first of them is, asked in their order.
func either(all ...predicate) predicate {
	return func(ctx context.Context) (bool, error) {
		for _, p := range all {
			if ok, err := p(ctx); ok || err != nil {
				return ok, err
			}
		}
		return false, nil
	}
}

// hasDump tells whether the leader has a dump that is whole, not old, and of this
// procedure: Run removes what it finds of others before it writes its record.
func (b *builder) hasDump(ctx context.Context) (bool, error) {
	if !b.p.begun && b.p.Before.Procedure == "" {
		return false, nil
	}
	if ok, err := b.lead.exists(ctx, dump); !ok {
		return false, err
	}
	out, err := b.lead.host.Run(ctx, "find", dump, "-mmin", "-"+fresh)
	return strings.TrimSpace(string(out)) != "", err
}

// hasCopy tells whether the target has the leader's dump.
func (b *builder) hasCopy(ctx context.Context) (bool, error) {
	if ok, err := b.hasDump(ctx); !ok {
		return false, err
	}
	want, err := b.lead.sum(ctx, dump)
	if err != nil {
		return false, err
	}
	got, err := b.target.sum(ctx, dump)
	return got != "" && got == want, err
}

// isRestored tells whether the target's database was made of the leader's dump, whole.
func (b *builder) isRestored(ctx context.Context) (bool, error) {
	if ok, err := b.hasCopy(ctx); !ok {
		return false, err
	}
	if half, err := b.target.exists(ctx, Marker); half || err != nil {
		return false, err
	}
	want, err := b.target.sum(ctx, dump)
	if err != nil {
		return false, err
	}
	got, err := b.target.content(ctx, restored)
	return strings.TrimSpace(got) == want, err
}

// isMember tells whether the target's oned.conf says what the zone says.
func (b *builder) isConfigured(ctx context.Context) (bool, error) {
	id, ok, err := b.listed(ctx)
	if !ok {
		return false, err
	}
	left, err := b.configuration(ctx, b.target, member(b.target.ZoneServer, id))
	return len(left) == 0 && err == nil, err
}

// databases reads of which kind the two are.
func (b *builder) databases(ctx context.Context) (err error) {
	if b.from, err = databaseOf(ctx, b.lead); err != nil {
		return err
	}
	if b.to, err = databaseOf(ctx, b.target); err != nil {
		return err
	}
	if !sameKind(b.from, b.to) {
		return fmt.Errorf("%s and %s have different kinds of database: DB in /etc/one/oned.conf must have the same BACKEND", b.lead.Name, b.target.Name)
	}
	return b.room(ctx)
}

// bring adds the steps that stop the target and give it the leader's database; over
// tells that it runs with it already.
func (b *builder) bring(over predicate, withKeys bool) {
	lead, target := b.lead, b.target
	b.p.copies = []at{lead, target}
	b.add(Step{Name: "stop oned on " + target.Name,
		Done: either(over, target.stopped, func(ctx context.Context) (bool, error) {
			if ok, err := b.isRestored(ctx); !ok {
				return false, err
			}
			return b.isConfigured(ctx)
		}),
		Actions: func(context.Context) ([]Action, error) { return halt(target), nil },
	})
	b.add(Step{Name: "dump the database of " + lead.Name, Limit: b.Waits.Copy,
		Done: either(over, b.hasDump),
		Actions: func(context.Context) ([]Action, error) {
			actions := []Action{lead.run("install", "-d", "-m", "0700", Dir)}
			return append(append(actions, b.from.dumped(lead)...), lead.run("sync", part), lead.run("mv", "-f", part, dump)), nil
		},
	})
	b.add(Step{Name: "copy the dump to " + target.Name, Limit: b.Waits.Copy,
		Done: either(over, b.hasCopy),
		Actions: func(context.Context) ([]Action, error) {
			return []Action{
				target.run("install", "-d", "-m", "0700", Dir),
				pipe(lead, []string{"cat", dump}, target, []string{"sh", "-c", "umask 077; cat > " + part}),
				same("the dump", lead, []string{"sh", "-c", "sha256sum < " + dump}, target, []string{"sh", "-c", "sha256sum < " + part}),
				target.run("mv", "-f", part, dump),
			}, nil
		},
	})
	if withKeys {
		b.add(b.copyKeys(over))
	}
	b.restore(over)
}

// copyKeys is the step for the credentials and keys that all servers share.
func (b *builder) copyKeys(over predicate) Step {
	return Step{Name: "copy " + keys + " to " + b.target.Name,
		Careful: fmt.Sprintf("%s of %s is replaced by that of %s, and kept as %s", keys, b.target.Name, b.lead.Name, keysOld),
		Done: either(over, func(ctx context.Context) (bool, error) {
			want, err := b.lead.host.Run(ctx, "sh", "-c", keysDigest)
			if err != nil {
				return false, fmt.Errorf("look at %s of %s: %w", keys, b.lead.Name, err)
			}
			got, err := b.target.host.Run(ctx, "sh", "-c", keysDigest)
			ok, err := answer(err)
			return ok && string(got) == string(want), err
		}),
		Actions: func(context.Context) ([]Action, error) {
			return []Action{
				b.target.run("rm", "-rf", keysNew),
				b.target.run("install", "-d", "-m", "0700", keysNew),
				pipe(b.lead, []string{"tar", "-C", onedData, "-cf", "-", ".one"}, b.target, []string{"tar", "-C", keysNew, "-xpf", "-"}),
				b.target.run("sh", "-c", keysSwap),
			}, nil
		},
	}
}

// restore adds the steps from a dump on the target to its database. Between the first
// and the last of them systemd refuses to start oned there.
func (b *builder) restore(over predicate) {
	target := b.target
	_, keptAs := b.to.kept(target)
	b.add(Step{Name: "keep oned on " + target.Name + " from starting on half a database",
		Done: either(over, b.isRestored, func(ctx context.Context) (bool, error) {
			if ok, err := target.exists(ctx, Marker); !ok {
				return false, err
			}
			text, err := target.content(ctx, DropIn)
			return text == dropInText, err
		}),
		Actions: func(context.Context) ([]Action, error) {
			return []Action{
				target.run("install", "-d", "-m", "0755", dropInDir),
				target.write(DropIn, dropInText, remote.Meta{Mode: 0o644}, false),
				target.run("systemctl", "daemon-reload"),
				target.run("rm", "-f", restored, kept),
				target.run("touch", Marker),
				target.run("sync", Marker, Dir, dropInDir, "/etc/systemd/system"),
			}, nil
		},
	})
	b.add(Step{Name: "put the database of " + target.Name + " aside", Limit: b.Waits.Copy,
		Careful: fmt.Sprintf("the database of %s is replaced by that of %s; what it holds now is kept as %s there", target.Name, b.lead.Name, keptAs),
		Done:    either(over, b.isRestored, func(ctx context.Context) (bool, error) { return target.exists(ctx, kept) }),
		Actions: func(context.Context) ([]Action, error) {
			actions, _ := b.to.kept(target)
			return append(actions, target.run("touch", kept), target.run("sync", kept)), nil
		},
	})
	b.add(Step{Name: "restore the database on " + target.Name, Limit: 2 * b.Waits.Copy,
		Done: either(over, b.isRestored),
		Actions: func(context.Context) ([]Action, error) {
			actions := append(b.to.made(target), b.to.whole(target), target.run("rm", "-f", client))
			return append(actions,
				target.run("sh", "-c", "set -e; sha256sum < "+dump+" | cut -d ' ' -f 1 > "+restored+"; sync "+restored),
				target.run("rm", "-f", Marker),
			), nil
		},
	})
}

// litter is what a procedure needs while it runs and not afterwards. The marker is
// not among it: a database that is not whole stays so.
var litter = []string{dump, part, client, restored, Before + ".part"}

// clean is the last step: dumps hold everything that OpenNebula knows.
func (b *builder) clean() Step {
	everywhere := b.p.holders
	if b.target.host != nil && !holds(everywhere, b.target) {
		everywhere = append(everywhere[:len(everywhere):len(everywhere)], b.target)
	}
	littered := func(ctx context.Context) (left []at, err error) {
		for _, s := range everywhere {
			if supposed(ctx, "") { // it will be on these
				if s.Name == b.lead.Name || s.Name == b.target.Name {
					left = append(left, s)
				}
				continue
			}
			out, err := s.host.Run(ctx, "find", Dir, "-maxdepth", "1", "-type", "f")
			if ok, err := answer(err); err != nil {
				return nil, err
			} else if !ok {
				continue // no such directory
			}
			for _, path := range append([]string{kept}, litter...) {
				if strings.Contains("\n"+string(out), "\n"+path+"\n") {
					left = append(left, s)
					break
				}
			}
		}
		return left, nil
	}
	return Step{Name: "remove the dumps",
		Done: func(ctx context.Context) (bool, error) {
			left, err := littered(ctx)
			return len(left) == 0, err
		},
		Actions: func(ctx context.Context) ([]Action, error) {
			left, err := littered(ctx)
			var actions []Action
			for _, s := range left {
				actions = append(actions, s.run(append([]string{"rm", "-f", kept}, litter...)...))
			}
			return actions, err
		},
	}
}

func holds(servers []at, one at) bool {
	for _, s := range servers {
		if s.Name == one.Name {
			return true
		}
	}
	return false
}
