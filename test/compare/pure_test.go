package compare

import (
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestJudge(t *testing.T) {
	seen := results{situationsTable: {
		"same":    {"start": {"0", "0"}, "stop": {"0", "0"}},
		"differs": {"start": {"0", "6"}, "stop": {"0", "0"}},
	}}
	for name, test := range map[string]struct {
		meant []deliberate
		wrong string // part of the only complaint, "" for none
	}{
		"every difference is meant":    {[]deliberate{{"differs", "start", "why"}}, ""},
		"a difference is not":          {nil, "differs, start: IPaddr2 \"0\", vip \"6\": not a deliberate difference"},
		"the reason is for another":    {[]deliberate{{"differs", "start stop", "why"}}, "differs, stop: said to differ"},
		"the reason is outdated":       {[]deliberate{{"differs", "start", "why"}, {"same", "start", "why"}}, "same, start: said to differ"},
		"the row is gone":              {[]deliberate{{"differs", "start", "why"}, {"gone", "start", "why"}}, "gone: a deliberate difference, but no such row"},
		"a row has two reasons":        {[]deliberate{{"differs", "start", "why"}, {"differs", "start", "too"}}, "two deliberate differences"},
		"a reason for no known column": {[]deliberate{{"differs", "start walk", "why"}}, "differs, walk: a deliberate difference, but no such column"},
	} {
		t.Run(name, func(t *testing.T) {
			wrong := judge(seen, test.meant)
			switch {
			case test.wrong == "" && len(wrong) > 0:
				t.Errorf("complains: %q", wrong)
			case test.wrong != "" && (len(wrong) != 1 || !strings.Contains(wrong[0], test.wrong)):
				t.Errorf("complains %q, want only %q", wrong, test.wrong)
			}
		})
	}
}

func TestMissed(t *testing.T) {
	d := []defect{{situationsTable, "row", "stop", "1", "0"}, {situationsTable, "row", "start", "", "0"}}
	for _, test := range []struct {
		stop, start pair
		want        int
	}{
		{pair{"1", "0"}, pair{"2", "0"}, 0},
		{pair{"0", "0"}, pair{"2", "0"}, 1}, // IPaddr2 is mended
		{pair{"1", "1"}, pair{"0", "0"}, 2},
		{pair{"1", "0"}, pair{"2", "3"}, 1},
	} {
		r := results{situationsTable: {"row": {"stop": test.stop, "start": test.start}}}
		if got := missed(r, d); len(got) != test.want {
			t.Errorf("stop %v, start %v: %q, want %d complaints", test.stop, test.start, got, test.want)
		}
	}
}

// Frames as they were captured, without padding.
var frames = map[string]frame{
	"ffffffffffff02000000000108060001080006040001020000000001c0000209000000000000c0000209":                                                                                                        {kind: arpRequest, ip: netip.MustParseAddr(ip4)},
	"ffffffffffff02000000000108060001080006040002020000000001c0000209020000000001c0000209":                                                                                                        {kind: arpReply, ip: netip.MustParseAddr(ip4)},
	"ffffffffffff0200000000010806000108000604000102000000000100000000000000000000c0000209":                                                                                                        {kind: arpProbe, ip: netip.MustParseAddr(ip4)},
	"3333000000010200000000" + "0186dd6000000000203aff20010db8000000000000000000000009ff0200000000000000000000000000018800000020000000" + "20010db8000000000000000000000009" + "0201020000000001": {kind: advertisement, ip: netip.MustParseAddr(ip6)},
	"ffffffffffff02000000000108060001080006040001020000000001c000020a000000000000c0000209":                                                                                                        {}, // a question of one's own
	"ffffffffffff0200000000010800": {},
}

func TestParseFrame(t *testing.T) {
	for text, want := range frames {
		b, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := parseFrame(b)
		if ok != (want.kind != "") || ok && (got.kind != want.kind || got.ip != want.ip) {
			t.Errorf("%s: %+v, %t, want %+v", text, got, ok, want)
		}
	}
}

func FuzzParseFrame(f *testing.F) {
	for text := range frames {
		b, err := hex.DecodeString(text)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, ok := parseFrame(b); ok && !got.ip.IsValid() {
			t.Errorf("%+v is about no address", got)
		}
	})
}

func TestTell(t *testing.T) {
	ip, other := netip.MustParseAddr(ip4), netip.MustParseAddr("192.0.2.10")
	var list []frame
	add := func(k kind, ip netip.Addr, ms int) { list = append(list, frame{k, ip, time.UnixMilli(int64(ms))}) }
	tells := func(want string) {
		t.Helper()
		if got := tell(list, ip, 200*time.Millisecond); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	add(arpRequest, other, 0)
	tells("no announcement")
	add(arpProbe, ip, 10)
	add(arpRequest, ip, 20)
	add(arpReply, ip, 21)
	tells("1 probe, 1 request, 1 reply")
	for _, ms := range []int{40, 240, 450, 640} { // the second soon, as by another process
		add(arpRequest, ip, ms)
	}
	tells("1 probe, 5 requests, 1 reply, 200 ms apart")
	list = nil
	for _, ms := range []int{0, 1000, 2001} {
		add(advertisement, ip, ms)
	}
	tells("3 advertisements, 1000 ms apart")
	list = nil
	for _, ms := range []int{0, 500, 1000} {
		add(arpReply, ip, ms)
	}
	tells("3 replies, about 500 ms apart")
}

const ocftOutput = "Initializing 'vip' ...\nDone.\n\n" +
	"Starting '\x1b[33mIPaddr2\x1b[0m' case 0 '\x1b[33mone that's well\x1b[0m':\n" +
	"Running agent:                ./vip start\n" +
	"Checking return value:        \x1b[32mOK\x1b[0m. The return value '\x1b[34mOCF_SUCCESS\x1b[0m' == '\x1b[34mOCF_SUCCESS\x1b[0m'\n\n" +
	"Starting '\x1b[33mIPaddr2\x1b[0m' case 1 '\x1b[33mother code\x1b[0m':\n" +
	"Checking return value:        \x1b[31mFAILED\x1b[0m. The return value '\x1b[34mOCF_ERR_INSTALLED\x1b[0m' != '\x1b[34mOCF_ERR_CONFIGURED\x1b[0m'. See details below:\n" +
	"Starting '\x1b[33mIPaddr2\x1b[0m' case 2 '\x1b[33mnot prepared\x1b[0m':\n" +
	"ERROR: './vip monitor' failed, the return code is 1.\n" +
	"Cleaning 'vip' ...\nDone.\n"

func TestParseOCFT(t *testing.T) {
	want := map[string]bool{"one that's well": true, "other code": false, "not prepared": false}
	if diff := cmp.Diff(want, parseOCFT(ocftOutput)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func FuzzParseOCFT(f *testing.F) {
	f.Add(ocftOutput)
	f.Fuzz(func(t *testing.T, output string) {
		for name := range parseOCFT(output) {
			if !strings.Contains(ocftColour.ReplaceAllString(output, ""), "'"+name+"':") {
				t.Errorf("there is no case %q", name)
			}
		}
	})
}
