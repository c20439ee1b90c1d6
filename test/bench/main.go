// Command bench puts our agents beside the stock ones: both answer the same
// question in turn, in one run, in one disposable root file system, and the ratio
// of the medians is printed. Figures of single runs depend on the machine; the
// ratios much less.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/oneha/oneha/test/lab"
)

// insideFlag makes this program measure where it is, instead of going there.
const insideFlag = "-inside"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	run := outside
	if len(os.Args) == 2 && os.Args[1] == insideFlag {
		run = inside
	}
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// outside runs this same program in a disposable machine.
func outside(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	l, err := lab.Open(ctx, lab.Options{
		Prefix: "bench", CacheDir: os.Getenv("ONEHA_CACHE_DIR"), Source: ".",
		Log: func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) },
	})
	if err != nil {
		return err
	}
	defer l.Close()
	_, err = l.Run(ctx, lab.Command{
		Args:    []string{"/mnt/bench", insideFlag},
		Binds:   []lab.Bind{{Host: self, Inside: "/mnt/bench", ReadOnly: true}},
		Streams: lab.Streams{Stdout: os.Stdout, Stderr: os.Stderr},
	})
	return err
}
