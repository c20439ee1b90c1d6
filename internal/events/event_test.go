package events

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

var moment = time.Date(2026, 11, 22, 16, 53, 4, 213929000, time.UTC)

func code(n int) *int { return &n }

func TestLineIsReadBack(t *testing.T) {
	e := Event{Time: moment, Host: "one-server2", From: "oned", What: Ended, Subject: "oned", Node: "one-server2", Action: "start", Code: code(0), Took: 0.195, Text: `says "yes" <&>`}
	line := e.Line()
	want := `{"time":"2026-11-22T16:53:04.213929Z","host":"one-server2","from":"oned","what":"ended","subject":"oned","node":"one-server2","action":"start","code":0,"took":0.195,"text":"says \"yes\" <&>"}` + "\n"
	if string(line) != want {
		t.Errorf("line\n%s want\n%s", line, want)
	}
	got, ok := Parse(line)
	if diff := cmp.Diff(e, got); !ok || diff != "" {
		t.Errorf("read back: %t\n%s", ok, diff)
	}
}

func TestHostileValuesStayOneShortLine(t *testing.T) {
	bad := strings.Repeat("\x1b[31m\"\\\n{\"time\":\u2028\xff\u202e€", 1000)
	e := Event{Time: moment, Host: bad, From: bad, What: What(bad), Subject: bad, Node: bad, Action: bad, Text: bad, Took: math.Inf(1)}
	e.Time = e.Time.AddDate(9000, 0, 0)
	line := e.Line()
	if len(line) > 4096 || bytes.Count(line, []byte("\n")) != 1 || bytes.ContainsRune(line, 0x1b) || !utf8.Valid(line) {
		t.Errorf("%d bytes: %q", len(line), line)
	}
}

// What the writer has cut, the reader cuts to the same.
func TestPlainTwiceIsPlainOnce(t *testing.T) {
	for _, text := range []string{"", "  a  ", "a\x00b", "ab\x94\x94c", "1234567 90", "123456€€€", "12345678 \n\n"} {
		once := Plain(text, 8)
		if twice := Plain(once, 8); len(once) > 8 || twice != once {
			t.Errorf("%q is %q, and then %q", text, once, twice)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, line := range []string{"", "{}", "null", `{"time":"2026-11-22T16:53:04Z"}`, `{"what":"ended"}`, `{"time":"yesterday","what":"ended"}`, "[]", `{"time":`} {
		if e, ok := Parse([]byte(line)); ok {
			t.Errorf("%q is read as %+v", line, e)
		}
	}
}

// A full disk takes half of a line, and the next one is written behind it.
func TestParseFindsTheLineBehindATornOne(t *testing.T) {
	whole := Event{Time: moment, Host: "h", From: "vip", What: Begun, Subject: "vip"}
	for cut := range len(whole.Line()) - 1 {
		got, ok := Parse(append(bytes.Clone(whole.Line()[:cut]), whole.Line()...))
		if diff := cmp.Diff(whole, got); !ok || diff != "" {
			t.Fatalf("cut after %d: %t\n%s", cut, ok, diff)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"time":"2026-11-22T17:01:21.982599Z","host":"one-server2","from":"fence_bmc_ipmi","what":"power-seen","subject":"one-server1","action":"off"}`))
	f.Add([]byte(`{"time":"2026-11-22T17:01:22.041947Z","host":"one-server2","from":"pacemaker","what":"fencing","code":0,"took":1e3`))
	f.Fuzz(func(t *testing.T, line []byte) {
		e, ok := Parse(line)
		if !ok {
			return
		}
		written := e.Line()
		if len(written) > 4096 || bytes.Count(written, []byte("\n")) != 1 {
			t.Fatalf("%d bytes: %q", len(written), written)
		}
		if e.What = What(Plain(string(e.What), longestName)); e.What == "" || e.Time.UTC().Truncate(time.Microsecond).IsZero() || e.Time.UTC().Year() > 9999 || e.Time.UTC().Year() < 0 {
			return
		}
		if again, ok := Parse(written); !ok || !bytes.Equal(again.Line(), written) {
			t.Fatalf("%q is not read back: %+v", written, again)
		}
	})
}
