package remote

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"github.com/oneha/oneha/internal/shell"
)

// longest is how long a command may take whose ctx has no deadline.
const longest = 6 * time.Hour

// supervised is a program as a script that outlives neither its caller nor the
// deadline: timeout ends it, with its children, and once a second a zero byte on
// standard error shows whether anybody reads that still. A caller that was killed does
// not, nor an sshd whose client went away.
//
// That watch is killed, not asked to end: in the moment after its start a shell loses a
// signal for which its parent has a trap.
//
// The exit code is the last line of standard error, so that no failure of ssh is taken
// for the program's, and a connection that broke is no success.
func supervised(ctx context.Context, token string, argv []string) string {
	left := longest
	if deadline, ok := ctx.Deadline(); ok {
		left = time.Until(deadline)
	}
	seconds := strconv.Itoa(int(left/time.Second) + 1)
	run := append([]string{"timeout", "-k", "2", seconds, "env", "-u", call + token}, argv...)
	return `exec 3<&0; ` + shell.Quote(run...) + ` <&3 3<&- & p=$!; trap 'kill "$p"' TERM HUP INT; exec 3<&- </dev/null; ` +
		`(trap - TERM HUP INT; trap '' PIPE; while sleep 1 >/dev/null 2>&1 && kill -0 $$ 2>/dev/null; do printf '\000' >&2 2>/dev/null || break; done; kill "$p") >/dev/null & w=$!; ` +
		`wait "$p"; c=$?; while kill -0 "$p" 2>/dev/null; do wait "$p"; done; kill -KILL "$w" 2>/dev/null; printf '\n%s %d\n' ` + mark(token) + ` "$c" >&2`
}

// call begins the name of a variable that nobody sets; it is in the command line to be
// found there.
const call = "ONEHA_CALL_"

func mark(token string) string { return "oneha-ended-" + token }

// reported takes the program's exit code off the end of standard error.
func reported(stderr []byte, token string) (code int, rest []byte, whole bool) {
	stderr = bytes.ReplaceAll(stderr, []byte{0}, nil)
	at := bytes.LastIndex(stderr, []byte("\n"+mark(token)+" "))
	if at < 0 {
		return 0, stderr, false
	}
	line, _, _ := bytes.Cut(stderr[at+1:], []byte("\n"))
	code, err := strconv.Atoi(strings.TrimPrefix(string(line), mark(token)+" "))
	return code, stderr[:at], err == nil
}

func newToken() string {
	var b [12]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
