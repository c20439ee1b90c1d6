package chaos

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/oneha/oneha/test/lab"
	"github.com/oneha/oneha/test/scenario"
)

// nodes is a field of Pacemaker nodes that is up, with all that watches it.
type nodes struct {
	lab    *lab.Lab
	watch  *scenario.Watch
	writer *Writer
	logs   string // directory into which the lab collects
	kept   map[string]any
}

// upLimit is more than a cluster takes to come up on a busy machine, its root file
// system apart.
const upLimit = 5 * time.Minute

// firmware is longer than corosync needs to do without a node (token and consensus, 11 s
// where they are longest): one that is back before is told that it was fenced, and stays
// down.
const firmware = 12 * time.Second

// upNodes brings up the cluster of a description, and waits until a client can write.
func upNodes(ctx context.Context, s Settings, file, script string, log func(string, ...any)) (_ *nodes, err error) {
	b := &nodes{logs: filepath.Join(s.Logs, "collecting-"+s.Prefix), kept: map[string]any{}}
	defer func() {
		if err != nil {
			if b.watch != nil && ctx.Err() == nil {
				dir := filepath.Join(s.Logs, "up-"+s.Prefix)
				err = errors.Join(fmt.Errorf("%w (logs: %s)", err, dir), b.collect(ctx, dir))
			}
			err = errors.Join(err, b.close())
		}
	}()
	b.lab, err = lab.Open(ctx, lab.Options{Prefix: s.Prefix, Release: s.Release, CacheDir: s.CacheDir, Source: s.Source, Diagnostics: b.logs, Firmware: firmware, Log: log})
	if err != nil {
		return nil, err
	}
	upping, cancel := context.WithTimeout(ctx, upLimit)
	defer cancel()
	described, err := unthrottled(filepath.Join(s.Source, file), s.Logs)
	if err != nil {
		return nil, err
	}
	defer os.Remove(described)
	c, err := b.lab.Up(upping, described)
	if err != nil {
		return nil, err
	}
	if b.watch, err = scenario.NewWatch(c); err != nil {
		return nil, err
	}
	b.writer = StartWriter(c)
	for _, n := range c.Nodes { // what oneha's commands on a node are asked about
		if err := n.Copy(described, description); err != nil {
			return nil, err
		}
	}
	if err := b.whole(upping); err != nil || script == "" {
		return b, err
	}
	if _, err := c.Nodes[0].Exec(upping, "sh", "-euc", script); err != nil {
		return nil, err
	}
	return b, b.whole(upping)
}

// unthrottled writes the description in file anew, in a directory, with a property that the
// lab needs: all its nodes have the load of one machine, and Pacemaker does one thing at a
// time where that is high, a fencing and what the node has to stop included.
func unthrottled(file, dir string) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read description: %w", err)
	}
	f, err := os.CreateTemp(dir, "*.yaml")
	if err != nil {
		return "", fmt.Errorf("write description: %w", err)
	}
	_, err = f.Write(append(text, "properties: {load-threshold: 10000%}\n"...))
	if err := errors.Join(err, f.Close()); err != nil {
		return "", errors.Join(fmt.Errorf("write description: %w", err), os.Remove(f.Name()))
	}
	return f.Name(), nil
}

// description is where the nodes have the file that the cluster was made from.
const description = "/root/oneha.yaml"

// whole waits until the cluster has settled and a client can write.
func (b *nodes) whole(ctx context.Context) error {
	if err := b.watch.Cluster.WaitSettled(ctx); err != nil {
		return err
	}
	_, err := b.writer.WaitAcknowledged(ctx, time.Now())
	return err
}

// collect writes what explains a failure into a directory.
func (b *nodes) collect(ctx context.Context, dir string) error {
	errs := []error{os.RemoveAll(b.logs), b.watch.Cluster.Collect(ctx)}
	if report, err := b.watch.VIP.Report(); err == nil {
		errs = append(errs, os.WriteFile(filepath.Join(b.logs, "vip.txt"), []byte(report.String()+"\n"), 0o644))
	}
	errs = append(errs, os.RemoveAll(dir), os.Rename(b.logs, dir))
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("keep logs: %w", err)
	}
	return nil
}

// close ends it.
func (b *nodes) close() error {
	if b.writer != nil {
		b.writer.Stop()
	}
	if b.watch != nil {
		b.watch.Stop()
	}
	if b.lab == nil {
		return nil
	}
	return b.lab.Close()
}
