// Command chaos breaks clusters at random and audits them: package chaos says how.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"syscall"

	"github.com/oneha/oneha/test/chaos"
)

// found is what was found on the way, by hand.
const found = "test/chaos/found.md"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(1)
	}
}

// list takes an option each time that it is given; "" is as if it were not, for make.
func list(to *[]string) func(string) error {
	return func(text string) error {
		if text != "" {
			*to = append(*to, text)
		}
		return nil
	}
}

func run(ctx context.Context) error {
	s := chaos.Settings{CacheDir: os.Getenv("ONEHA_CACHE_DIR"), Source: ".", Progress: say, Detail: func(string, ...any) {}}
	flag.Uint64Var(&s.Seed, "seed", 0, "decides everything that is left to chance; 0 takes one by chance")
	flag.IntVar(&s.Rounds, "rounds", 20, "number of rounds")
	flag.IntVar(&s.Round, "round", 0, "do only this one of them, on a new cluster")
	flag.StringVar(&s.Before, "before", "", "with -round: `node` that is to be active when it begins, as the replay line has it")
	flag.Func("field", "`cluster` to break, or several with commas between; may be repeated (default: all)", list(&s.Fields))
	flag.Func("only", "fault, or a part of the `names` of some, or several with commas between; may be repeated (default: all)", list(&s.Only))
	flag.IntVar(&s.AtOnce, "at-once", 1, "number of clusters at the same time")
	flag.StringVar(&s.Prefix, "prefix", "chaos", "name of the lab; two campaigns at once need two")
	flag.StringVar(&s.Release, "release", "bookworm", "Debian release of the nodes")
	flag.StringVar(&s.Results, "results", "out/chaos/results.jsonl", "file to which results are added")
	flag.StringVar(&s.Logs, "logs", "out/chaos", "directory for the logs of rounds that failed")
	report := flag.Bool("report", false, "write the page of the results in the files that are given, and do nothing")
	split := flag.Int("split", 0, "cut the nodes of each of the fields for that apart so `often`, in place of -rounds and -field")
	all := flag.Bool("list", false, "list fields and faults, and do nothing")
	verbose := flag.Bool("v", false, "say what the rounds do")
	flag.Parse()
	switch {
	case *report:
		return chaos.WriteReport(os.Stdout, found, flag.Args()...)
	case flag.NArg() > 0:
		return fmt.Errorf("unexpected argument %q: see chaos -help", flag.Arg(0))
	case s.AtOnce < 1 || s.Rounds < 1:
		return errors.New("-at-once and -rounds need 1 or more")
	case s.Before != "" && s.Round == 0:
		return errors.New("-before is for one round: give -round")
	case *all:
		return chaos.List(os.Stdout)
	case *split > 0:
		s.Fields = chaos.SplitFields()
		s.Rounds = *split * len(s.Fields)
	}
	if s.Seed == 0 {
		s.Seed = 1 + rand.Uint64N(1e6)
	}
	if *verbose {
		s.Detail = say
	}
	results, err := chaos.Campaign(ctx, s)
	if err != nil {
		return err
	}
	bad := 0
	for _, r := range results {
		if r.Bad() {
			bad++
		}
	}
	if bad > 0 {
		return fmt.Errorf("%d of %d rounds were not as they should be", bad, len(results))
	}
	say("%d rounds, no violation; results are in %s", len(results), s.Results)
	return nil
}

func say(format string, args ...any) { fmt.Printf(format+"\n", args...) }
