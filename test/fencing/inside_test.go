package fencing

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// workers is how many rows are tried at a time: most wait most of the time.
const workers = 16

// call is what a row has whatever the BMC: how both agents are called, and what of
// it is compared.
type call struct {
	name    string
	args    []string // none: options come by standard input
	stdin   string
	fenced  bool          // run by pacemaker-fenced
	prose   bool          // standard output is prose: only whether there is some is compared
	atLeast time.Duration // compared: whether it takes this long

	patience time.Duration // after which it hangs, 0 is the constant
}

// caller is a row: a call, and the BMC that it meets.
type caller interface{ call() call }

// resultsFile is the file that a test in a machine has to write. Elsewhere the test
// is skipped.
func resultsFile(t *testing.T) string {
	t.Helper()
	file := os.Getenv(resultsVariable)
	if file == "" {
		t.Skip("runs in a machine of the lab, which another test starts")
	}
	return file
}

// mostAgain is how many rows are tried twice: when there are more, it is no chance.
const mostAgain = 20

// report is what a test in a machine finds.
type report struct {
	Found results
	Again []string // rows that were tried twice
}

// tryAll does every row with both agents and writes down what happened. Each
// worker is opened with its number and returns what tries one agent with one row.
//
// A row in which the agents differ for no reason that is listed is tried again
// alone: with many at a time the stock agents run into time limits, and
// fence_ilo_ssh now and then takes a part of an answer for all of it.
func tryAll[R caller](t *testing.T, file, stock, ours string, rows []R, open func(t *testing.T, worker int) func(t *testing.T, agent string, r R) outcome) {
	t.Helper()
	var mu sync.Mutex
	found, work := results{}, make(chan R)
	t.Run("workers", func(t *testing.T) {
		for i := range workers {
			try := open(t, i)
			t.Run("worker", func(t *testing.T) {
				t.Parallel()
				for r := range work {
					p := pair{Stock: try(t, stock, r), Ours: try(t, ours, r)}
					name := r.call().name
					mu.Lock()
					if _, twice := found[name]; twice {
						t.Errorf("two rows are called %q", name)
					}
					found[name] = p
					mu.Unlock()
				}
			})
		}
		go func() {
			defer close(work)
			for _, r := range rows {
				work <- r
			}
		}()
	})
	var again []string
	var try func(*testing.T, string, R) outcome
	for _, r := range rows {
		name := r.call().name
		if len(again) == mostAgain || len(compare(name, found[name], meantBy(t))) == 0 {
			continue
		}
		if try == nil {
			try = open(t, workers)
		}
		found[name] = pair{Stock: try(t, stock, r), Ours: try(t, ours, r)}
		again = append(again, name)
	}
	write(t, file, report{found, again})
}

// meantBy are the deliberate differences of the pair of agents that a test in a
// machine runs.
func meantBy(t *testing.T) []deliberate {
	t.Helper()
	for _, p := range parts {
		if p.inside == t.Name() {
			return p.meant
		}
	}
	t.Fatalf("no part is run by %s", t.Name())
	return nil
}

func write(t *testing.T, file string, r report) {
	t.Helper()
	text, err := json.Marshal(r)
	if err == nil {
		err = os.WriteFile(file, text, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// see runs an agent with a call and returns what the caller sees of it. Fill puts
// in what is known only now. None of our agents may show the secret, if there is
// one.
func see(t *testing.T, agent string, c call, fill *strings.Replacer, secret string, env ...string) outcome {
	t.Helper()
	var args []string
	for _, a := range c.args {
		args = append(args, fill.Replace(a))
	}
	if c.fenced {
		env = append(env, "PCMK_service=pacemaker-fenced")
	}
	code, stdout, stderr, took := runAgent(t, cmp.Or(c.patience, hang), agent, args, fill.Replace(c.stdin), env)
	if secret != "" && strings.HasPrefix(agent, "fence_bmc_") && strings.Contains(stdout+stderr, secret) {
		t.Errorf("%s: the password is shown", c.name)
	}
	if c.prose && stdout != "" {
		stdout = "prose"
	}
	o := outcome{"exit": code, "stdout": strings.TrimSpace(stdout), "stderr": "silent"}
	if strings.TrimSpace(pythonWarning.ReplaceAllString(stderr, "")) != "" {
		o["stderr"] = "speaks"
	}
	if c.atLeast > 0 {
		o["waits"] = strconv.FormatBool(took >= c.atLeast)
	}
	return o
}

// pythonWarning is what this release's Python says about the stock agents.
var pythonWarning = regexp.MustCompile(`(?m)^.*DeprecationWarning: .*\n.*\n`)

// hang is how long an agent may take before it counts as one that hangs, unless its
// row says otherwise.
const hang = 20 * time.Second

// runAgent runs an agent. One that does not end in time hangs, and is killed with
// all that it started.
func runAgent(t *testing.T, patience time.Duration, agent string, args []string, stdin string, env []string) (code, stdout, stderr string, took time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, agent, args...)
	cmd.Env = append([]string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "HOME=/root"}, env...)
	cmd.Stdin = strings.NewReader(stdin)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second // ssh runs on a terminal of its own and ends with it
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	begin := time.Now()
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		code = "hangs"
	case err != nil && !errors.As(err, &exit):
		t.Fatalf("%s: %v", agent, err)
	default:
		code = strconv.Itoa(cmd.ProcessState.ExitCode())
	}
	return code, out.String(), errs.String(), time.Since(begin)
}
