package random

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

var (
	seedFlag      = flag.String("seed", "", `seed of the first sequence; "now" for new ones. Without -sequences just that one is played`)
	sequencesFlag = flag.Int("sequences", 0, "how many sequences, nine tenths for vip and one for the services (default 1000, with a seed 1)")
)

// seeds says which sequences are played: the first one's seed and how many. The
// share of the services is one tenth, and never nothing.
type seeds struct {
	first          uint64
	vips, services int
}

// parseSeeds reads the flags. Without any the seeds are fixed, so that a failure
// in CI is one for everybody.
func parseSeeds(seed string, sequences int, now time.Time) (seeds, error) {
	s := seeds{first: 1}
	if seed != "" && seed != "now" {
		n, err := strconv.ParseUint(seed, 10, 64)
		if err != nil {
			return s, fmt.Errorf(`-seed is neither a number nor "now": %q`, seed)
		}
		if s.first = n; sequences == 0 {
			sequences = 1
		}
	}
	if seed == "now" {
		s.first = uint64(now.UnixMilli())
	}
	if sequences == 0 {
		sequences = 1000
	}
	if sequences < 0 {
		return s, fmt.Errorf("-sequences is below 0: %d", sequences)
	}
	s.services = max(sequences/10, 1)
	s.vips = max(sequences-s.services, 1)
	return s, nil
}

// binary is the built ocf-opennebula; the agents are links to it.
var binary string

func TestMain(m *testing.M) {
	flag.Parse()
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "test/random:", err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (int, error) {
	if os.Getenv(inMachine) == "1" { // everything is installed there
		return m.Run(), nil
	}
	if os.Geteuid() != 0 && os.Getenv("CI") != "true" {
		fmt.Println("skipped: needs root for network namespaces and the lab's machines")
		return 0, nil
	}
	dir, err := os.MkdirTemp("", "oneha-random-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "ocf-opennebula")
	build := exec.CommandContext(context.Background(), "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", binary, "./cmd/ocf-opennebula")
	build.Dir = filepath.Join("..", "..")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("build the agents: %w\n%s", err, out)
	}
	return m.Run(), nil
}

func TestParseSeeds(t *testing.T) {
	now := time.UnixMilli(77)
	for _, tt := range []struct {
		seed      string
		sequences int
		want      seeds
	}{
		{"", 0, seeds{1, 900, 100}},
		{"", 20, seeds{1, 18, 2}},
		{"5", 0, seeds{5, 1, 1}},
		{"5", 10, seeds{5, 9, 1}},
		{"now", 0, seeds{77, 900, 100}},
	} {
		if got, err := parseSeeds(tt.seed, tt.sequences, now); err != nil || got != tt.want {
			t.Errorf("-seed %q -sequences %d: %+v, %v; want %+v", tt.seed, tt.sequences, got, err, tt.want)
		}
	}
	for _, seed := range []string{"x", "-1"} {
		if _, err := parseSeeds(seed, 0, now); err == nil {
			t.Errorf("-seed %q is accepted", seed)
		}
	}
}
