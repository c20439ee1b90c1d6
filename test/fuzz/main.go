// Command fuzz runs every fuzz target of this module for a while, each with a process
// of its own, and says of each what came of it. The targets are found in the sources,
// so that a new one needs no entry anywhere.
//
// What a target finds stays: new inputs that reach new code in Go's cache, where the
// next run begins, and an input that fails in testdata/fuzz of its package, to be
// committed together with what mends it: from then on go test runs it as a case.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"syscall"
	"time"
)

// build is the longest that compiling and linking one package may take beside the
// others, instrumented and with nothing in the cache.
const build = 30 * time.Minute

func main() {
	each := flag.Duration("time", 20*time.Second, "how long to run each target")
	only := flag.String("only", "", "run the targets that match this regular expression, such as one.FuzzReply; the whole name is package.FuzzName")
	jobs := flag.Int("jobs", runtime.NumCPU(), "how many targets to run at once, of different packages, each on one processor")
	tags := flag.String("tags", "", "build tags")
	list := flag.Bool("list", false, "print the targets and run none")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, options{*each, *only, *jobs, *tags, *list}); err != nil {
		fmt.Fprintln(os.Stderr, "fuzz:", err)
		os.Exit(1)
	}
}

// options are what the flags say.
type options struct {
	each time.Duration
	only string
	jobs int
	tags string
	list bool
}

func run(ctx context.Context, o options) error {
	wanted, err := regexp.Compile(o.only)
	switch {
	case err != nil:
		return fmt.Errorf("-only: %w", err)
	case o.each <= 0 || o.jobs <= 0:
		return errors.New("-time and -jobs have to be more than nothing")
	}
	all, err := find(ctx, o.tags, wanted)
	switch {
	case err != nil:
		return err
	case len(all) == 0:
		return fmt.Errorf("no fuzz target matches %q: -list prints them all", o.only)
	}
	if o.list {
		for _, t := range all {
			fmt.Println(t)
		}
		return nil
	}
	packages := byPackage(all)
	jobs := min(o.jobs, len(packages))
	longest := max((len(all)+jobs-1)/jobs, len(packages[0])) // of the targets of one job
	fmt.Fprintf(os.Stderr, "%d targets, %s each, %d at once: %s, and what compiling takes\n",
		len(all), o.each, jobs, time.Duration(longest)*o.each)
	r := runner{dir: ".", tags: o.tags, each: o.each, limit: o.each + build, progress: os.Stderr}
	done := r.all(ctx, all, jobs)
	if err := report(os.Stdout, done, o.tags); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return errors.New("interrupted: the table has what was done before")
	}
	return failures(done)
}
