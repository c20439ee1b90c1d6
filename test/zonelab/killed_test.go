package zonelab

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/test/lab"
	"github.com/oneha/oneha/test/lab/labtest"
)

var (
	killProcedures = flag.Bool("kill-procedures", false, "kill every procedure at random steps and run it again, with both databases (15 minutes)")
	killSeed       = flag.Uint64("kill-seed", 0, "the seed of the kills; 0 is another each time")
)

// kills is at how many steps a procedure is killed.
const kills = 5

// killScript runs oneha raft and kills it, with SIGKILL, so many seconds into a step as
// the second argument says. The step under way is the one behind the last that the program
// says has ended, which the first argument is; 0 is the beginning. It prints "killed", or
// the program's exit code.
const killScript = `n=$1 wait=$2; shift 2
said=/run/kill-said; rm -f $said; mkfifo $said
oneha raft "$@" --yes >$said 2>&1 & p=$!
exec 3<$said
if test "$n" != 0; then
  while read -r line <&3; do
    echo "$line" >&2
    case $line in "[$n/"*) break ;; esac
  done
fi
sleep "$wait"
kill -KILL $p 2>/dev/null
wait $p; c=$?
if test $c = 137; then echo killed; else echo $c; cat <&3 >&2; fi`

// killed runs a procedure that is killed at some of its steps, each time run again, and
// to the end the last time. It returns how often it was killed, which may be less often
// than was wanted: a step may be over, and the procedure with it, before its kill.
func (l *Lab) killed(ctx context.Context, t *testing.T, random *rand.Rand, on string, words ...string) int {
	t.Helper()
	what := "oneha raft " + strings.Join(words, " ")
	steps := l.steps(ctx, t, on, words...)
	// Each run goes on where the one before was killed, so in the order of the steps.
	chosen := random.Perm(len(steps))[:min(kills, len(steps))]
	slices.Sort(chosen)
	count := 0
	var log []string
	for _, step := range chosen {
		delay := random.Float64() * 0.6
		if short(steps[step]) {
			delay = random.Float64() * 0.04
		}
		if step == 0 {
			delay += 0.4 // to be in it: before it the program looks at the zone
		}
		var said bytes.Buffer
		r, err := l.Command(ctx, on, lab.Command{
			Args:    append([]string{"bash", "-c", killScript, "bash", strconv.Itoa(step), fmt.Sprintf("%.3f", delay)}, words...),
			Streams: lab.Streams{Stderr: &said},
		})
		outcome := strings.TrimSpace(r.Stdout)
		log = append(log, fmt.Sprintf("%s at step %d (%s) + %.3f s", outcome, step+1, steps[step], delay))
		switch {
		case err != nil:
			t.Fatalf("%s: %v\n%s", what, err, said.String())
		case outcome == "killed":
			count++
		case outcome == "1" && over(words, said.String()):
			outcome = "0"
		case outcome != "0":
			t.Fatalf("%s, run again: exit %s\n%s\n%s", what, outcome, strings.Join(log, "\n"), said.String())
		}
		if outcome == "0" {
			t.Logf("%s: %d kills of %d steps: %s", what, count, len(steps), strings.Join(log, "; "))
			return count // it ended before
		}
	}
	r, err := l.Exec(ctx, on, append(append([]string{"oneha", "raft"}, words...), "--yes")...)
	if err != nil && !over(words, r.Stderr) {
		t.Fatalf("%s, run to its end: %v\n%s\n%s", what, err, strings.Join(log, "\n"), r.Stderr)
	}
	t.Logf("%s: %d kills of %d steps: %s", what, count, len(steps), strings.Join(log, "; "))
	return count
}

// over tells whether a procedure was refused as it was killed behind its last step: the
// server that replaced the dead one is as alive as any. What follows looks at the zone.
func over(words []string, said string) bool {
	return words[0] == "replace" && strings.Contains(said, "it is not dead")
}

// short tells of a step whether it may be over after some ten milliseconds: what starts
// or stops oned is not, and of what waits it is not known.
func short(step string) bool {
	return !strings.HasPrefix(step, "start") && !strings.HasPrefix(step, "stop")
}

var stepLine = regexp.MustCompile(`(?m)^# (\d+)\. (.*?)(: already so)?$`)

// steps are the names of those that a procedure has.
func (l *Lab) steps(ctx context.Context, t *testing.T, on string, words ...string) (names []string) {
	t.Helper()
	r, err := l.Exec(ctx, on, append(append([]string{"oneha", "raft"}, words...), "--dry-run")...)
	if err != nil {
		t.Fatalf("oneha raft %s --dry-run: %v\n%s", strings.Join(words, " "), err, r.Stderr)
	}
	for _, found := range stepLine.FindAllStringSubmatch(r.Stdout, -1) {
		if found[1] == strconv.Itoa(len(names)+1) {
			names = append(names, found[2])
		}
	}
	if len(names) == 0 {
		t.Fatalf("the dry run has no steps:\n%s", r.Stdout)
	}
	return names
}

// TestKilledProcedures kills each procedure at several random steps.
func TestKilledProcedures(t *testing.T) {
	if !*killProcedures && !labtest.All("ONEHA_ZONELAB") {
		t.Skip("takes long: use -kill-procedures, or ONEHA_ZONELAB=all")
	}
	for _, database := range []string{SQLite, MySQL} {
		t.Run(database, func(t *testing.T) {
			seed := *killSeed
			if seed == 0 {
				seed = rand.Uint64()
			}
			t.Logf("-kill-seed %d", seed)
			l, ctx := up(t, Options{Prefix: "zone-kill-" + database, Database: database})
			l.killedLife(ctx, t, rand.New(rand.NewPCG(seed, 0)))
		})
	}
}

// killedLife is that of TestProcedures.
func (l *Lab) killedLife(ctx context.Context, t *testing.T, random *rand.Rand) {
	a, b, c := Name(0), Name(1), Name(2)
	must[string](t)(l.Shell(ctx, a, l.fill()))
	freight := must[string](t)(l.Shell(ctx, a, l.sum()))
	ok(t, l.Wait(ctx, "oned alone", func(ctx context.Context) string {
		_, err := l.Raft(ctx, a)
		return text(err)
	}))
	start := time.Now()
	var counts []string
	all := 0
	killed := func(on string, words ...string) {
		t.Helper()
		n := l.killed(ctx, t, random, on, words...)
		all += n
		counts = append(counts, fmt.Sprintf("%s %d", words[0], n))
	}
	killed(a, "init")
	l.whole(ctx, t, freight, map[string]int{a: 0})
	killed(a, "join", b)
	l.whole(ctx, t, freight, map[string]int{a: 0, b: 1})
	killed(a, "join", c)
	ids := map[string]int{a: 0, b: 1, c: 2}
	l.whole(ctx, t, freight, ids)

	goes, stays := b, a
	if must[string](t)(l.WaitLeader(ctx)) == b {
		goes, stays = a, b
	}
	killed(stays, "leave", goes)
	delete(ids, goes)
	l.whole(ctx, t, freight, ids)
	killed(stays, "join", goes)
	ids[goes] = l.id(ctx, t, goes)
	l.whole(ctx, t, freight, ids)

	ok(t, l.Reinstall(ctx, c))
	leader := must[string](t)(l.WaitLeader(ctx, a, b))
	killed(leader, "replace", c)
	ids[c] = l.id(ctx, t, c)
	l.whole(ctx, t, freight, ids)

	leader = must[string](t)(l.WaitLeader(ctx))
	behind := c
	if leader == c {
		behind = b
	}
	must[string](t)(l.Shell(ctx, behind, "systemctl stop opennebula; "+l.lose()))
	killed(leader, "reset", behind)
	l.whole(ctx, t, freight, ids)
	t.Logf("%s: %d kills in %.0f s: %s", l.opt.Database, all, time.Since(start).Seconds(), strings.Join(counts, ", "))
	if all == 0 {
		t.Error("no procedure was killed: this test shows nothing")
	}
}

// lose damages the database of a server whose oned is stopped.
func (l *Lab) lose() string {
	if l.opt.Database == MySQL {
		return `mariadb opennebula -e "DELETE FROM freight WHERE n > 1000"`
	}
	return "truncate -s 4096 /var/lib/one/one.db"
}
