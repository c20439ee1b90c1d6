package lab

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// Run runs a command in a disposable machine: an overlay of its own over the
// root file system and the project's programs, a network with only loopback,
// all capabilities, no systemd. A command that exits with another code than 0
// gives an *ExitError; the Result is filled in all the same. When ctx ends, the
// whole machine is killed.
func (l *Lab) Run(ctx context.Context, c Command) (r Result, err error) {
	if len(c.Args) == 0 {
		return r, errors.New("run command: no command given")
	}
	name := fmt.Sprintf("run%d", l.runs.Add(1))
	dir := filepath.Join(l.state, name)
	root, err := mountOverlay(dir, l.layers)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, removeTree(dir)) }()

	streams, captured := c.capture()
	group := l.cgroup.sub(name)
	defer func() { err = errors.Join(err, group.kill()) }() // runs before the tree goes
	cmd, err := container{
		name: namespacePrefix(l.opt.Prefix) + name, hostname: "lab", root: root, cgroup: group, binds: c.Binds,
		env: append(append([]string{}, basicEnv...), c.Env...), args: c.Args,
	}.start(ctx, streams)
	if err != nil {
		return r, err
	}
	return finish(ctx, cmd, c.Args, func() Result {
		r := captured()
		r.Stderr = withoutNoise(r.Stderr)
		return r
	})
}

// withoutNoise drops what nspawn itself says to the command's standard error at
// its end, on hosts whose /run is not a tmpfs.
func withoutNoise(stderr string) string {
	var b strings.Builder
	for line := range strings.Lines(stderr) {
		if !strings.HasPrefix(line, `Attempted to remove disk file system under "/run/systemd/nspawn/`) {
			b.WriteString(line)
		}
	}
	return b.String()
}
