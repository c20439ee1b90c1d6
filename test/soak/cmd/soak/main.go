// Command soak runs package soak: a cluster and a Raft zone under light faults, and
// whether everything that lives long stays flat. Exit code 1 when it does not.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/oneha/oneha/test/lab"
	"github.com/oneha/oneha/test/results"
	"github.com/oneha/oneha/test/soak"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

// least is the shortest run of which anything can be said: five looks in each quarter.
const least = 2 * time.Minute

func run(ctx context.Context) error {
	minutes := flag.Float64("minutes", 30, "how long it is watched")
	seed := flag.Uint64("seed", 7, "of which fault is done when")
	prefix := flag.String("prefix", "soak", "of the lab; two at once need two")
	release := flag.String("release", "bookworm", "Debian release of the nodes")
	out := flag.String("out", "out/soak", "directory for results.jsonl, soak.svg and the logs of a run that was not flat")
	report := flag.String("report", "", "print the section of docs/reliability.md from this `FILE` of results, and do nothing else")
	flag.Parse()
	if *report != "" {
		all, err := results.Read[soak.Result](*report)
		if err == nil {
			_, err = fmt.Print(soak.Markdown(all))
		}
		return err
	}
	lasts := time.Duration(*minutes * float64(time.Minute))
	if lasts < least {
		return fmt.Errorf("%v is too short to say anything: give -minutes %g or more", lasts, least.Minutes())
	}
	log := func(format string, args ...any) { fmt.Fprintf(os.Stderr, "soak: "+format+"\n", args...) }
	r, err := soak.Run(ctx, soak.Options{
		Lasts: lasts, Seed: *seed, File: "examples/two-node.yaml", Out: *out, Log: log,
		Lab: lab.Options{Prefix: *prefix, Release: *release, CacheDir: os.Getenv("ONEHA_CACHE_DIR"), Source: ".", Diagnostics: filepath.Join(*out, "logs")},
	})
	if err != nil {
		return err
	}
	if err := r.WriteTable(os.Stdout); err != nil {
		return err
	}
	bad := r.Bad()
	for _, why := range bad {
		log("%s", why)
	}
	if len(bad) > 0 {
		return errors.New("not flat: see above, and " + *out + "; again with -seed " + fmt.Sprint(*seed))
	}
	fmt.Printf("flat; %s has the figures and the picture\n", *out)
	return nil
}
