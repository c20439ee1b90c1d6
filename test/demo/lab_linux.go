package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/oneha/oneha/test/lab"
	"github.com/oneha/oneha/test/scenario"
)

// noLab says why this machine cannot run the lab, "" when it can.
func noLab() string {
	switch release, err := os.ReadFile("/etc/os-release"); {
	case err != nil || !slices.Contains(strings.Split(string(release), "\n"), "ID=debian"):
		return "this is not Debian"
	case os.Geteuid() != 0:
		return "you are not root"
	}
	return ""
}

// inLab runs the demo's second half in a lab, and removes the lab.
func inLab(ctx context.Context) error {
	if err := show(ctx, "test/setup.sh", "lab"); err != nil {
		return err
	}
	l, err := lab.Open(ctx, lab.Options{Prefix: "demo", CacheDir: os.Getenv("ONEHA_CACHE_DIR"), Source: ".", Log: say})
	if err != nil {
		return err
	}
	if err := errors.Join(online(ctx, l), l.Close()); err != nil {
		return err
	}
	say("everything is removed again; the root file system stays in the cache (make clean)")
	return nil
}

// online runs the cluster and loses its active node.
func online(ctx context.Context, l *lab.Lab) error {
	heading("Verified by the real tools")
	dir, err := filepath.Abs(outDir)
	if err != nil {
		return err
	}
	verify := lab.Command{Args: []string{"crm_verify", "-x", "/mnt/cib.xml"}, Binds: []lab.Bind{{Host: dir, Inside: "/mnt", ReadOnly: true}}}
	if _, err := l.Run(ctx, verify); err != nil {
		return err
	}
	say("crm_verify accepts cib.xml")

	heading("A two-node cluster from it, on this machine")
	start := time.Now()
	c, err := l.Up(ctx, example)
	if err != nil {
		return err
	}
	say("nodes and BMCs have power; waiting for Pacemaker (about half a minute)")
	settling, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	if err := c.WaitSettled(settling); err != nil {
		return err
	}
	say("the cluster runs after %.0f s", time.Since(start).Seconds())
	r, err := c.Nodes[0].Exec(ctx, "crm_mon", "-1", "--hide-headers")
	if err != nil {
		return err
	}
	fmt.Println(strings.TrimSpace(r.Stdout))

	heading("The active node hangs")
	w, err := scenario.NewWatch(c)
	if err != nil {
		return err
	}
	defer w.Stop()
	failover, err := scenario.FreezeActive(ctx, w, say)
	if err != nil {
		return err
	}
	heading("Seconds from the hang")
	if err := scenario.WriteFailovers(os.Stdout, []scenario.Failover{failover}); err != nil {
		return err
	}
	report, err := w.VIP.Stop()
	if err != nil {
		return err
	}
	say("\nnever two machines on the floating IP (%d samples), never two writers on the database", report.Asked)
	return nil
}
