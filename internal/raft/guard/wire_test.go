package guard

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/oneha/oneha/internal/raft/lease"
)

func TestKeyHidesItself(t *testing.T) {
	k := NewKey([]byte("very secret"))
	for _, text := range []string{fmt.Sprint(k), fmt.Sprintf("%v %+v %#v %s", k, k, k, k), fmt.Sprintf("%+v", Config{Peers: k})} {
		if strings.Contains(text, "very secret") || strings.Contains(text, fmt.Sprintf("%x", k.secret[:4])) {
			t.Errorf("it shows: %s", text)
		}
	}
}

func TestSealAndOpen(t *testing.T) {
	k, other := NewKey([]byte("one secret")), NewKey([]byte("another secret"))
	want := message{From: 1, To: 2, Life: 3, Yours: 4, Number: 5, Ask: &lease.Ask{From: 1, Zone: "[1 2]", Mark: lease.Mark{Incarnation: 3, Number: 9}}}
	body, mac, err := k.seal(question, want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := k.open(question, body, mac)
	if err != nil || got.Number != 5 || *got.Ask != *want.Ask {
		t.Errorf("%+v, %v", got, err)
	}
	for what, open := range map[string]func() error{
		"with another key":     func() error { _, err := other.open(question, body, mac); return err },
		"a question as answer": func() error { _, err := k.open(answer, body, mac); return err },
		"without a mac":        func() error { _, err := k.open(question, body, ""); return err },
		"with half a mac":      func() error { _, err := k.open(question, body, mac[:32]); return err },
		"with other bytes":     func() error { _, err := k.open(question, append(bytes.Clone(body), ' '), mac); return err },
	} {
		if err := open(); !errors.Is(err, errForged) {
			t.Errorf("opened %s: %v", what, err)
		}
	}
}

// Every number is taken once, in whatever order, as long as it is among the last 64.
func TestWindow(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var w window
	taken, top := map[uint64]bool{}, uint64(0)
	for range 20_000 {
		n := max(1, top+10-min(top+9, random.Uint64N(90)))
		err := w.take(1, n)
		fresh := !taken[n] && n+64 > top
		if (err == nil) != fresh {
			t.Fatalf("number %d, top %d, taken %t: %v", n, top, taken[n], err)
		}
		if err == nil {
			taken[n], top = true, max(top, n)
		}
	}
	if err := w.take(2, 1); err != nil {
		t.Errorf("a new life: %v", err)
	}
	if w.take(1, top+1) == nil || w.take(0, 1) == nil || w.take(2, 0) == nil {
		t.Error("took a message of an earlier life, or without a number")
	}
	if w.take(2, 1000) != nil || w.take(2, 999) != nil || w.take(2, 1) == nil {
		t.Error("a jump ahead")
	}
}

func TestReadMessage(t *testing.T) {
	for _, test := range []struct {
		name, text string
		body       string
		err        error
	}{
		{"a request", "POST /peer/1 HTTP/1.1\r\nHost: x\r\ncontent-length: 2\r\nx-oneha-MAC: ab\r\n\r\nhi more", "hi", nil},
		{"without a body", "GET /leader HTTP/1.0\r\n\r\n", "", nil},
		{"newlines only", "GET /leader HTTP/1.0\n\n", "", nil},
		{"cut off in the head", "GET /leader HT", "", io.EOF},
		{"cut off in the body", "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nhi", "", io.ErrUnexpectedEOF},
		{"too long a body", "POST / HTTP/1.1\r\nContent-Length: 8193\r\n\r\n", "", errTooLong},
		{"a length below zero", "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "", errBadHTTP},
		{"chunks", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "", errBadHTTP},
		{"no header", "GET / HTTP/1.1\r\nnonsense\r\n\r\n", "", errBadHTTP},
		{"an endless head", "GET / HTTP/1.1\r\n" + strings.Repeat("a: b\r\n", 2000), "", errTooLong},
		{"an endless line", strings.Repeat("x", 100_000), "", errTooLong},
	} {
		for _, reader := range []io.Reader{strings.NewReader(test.text), iotest.OneByteReader(strings.NewReader(test.text))} {
			h, body, err := readMessage(reader)
			if !errors.Is(err, test.err) || err == nil && string(body) != test.body {
				t.Errorf("%s: %q, %v", test.name, body, err)
			}
			if test.name == "a request" && h.mac != "ab" {
				t.Errorf("mac %q", h.mac)
			}
		}
	}
}

// Whatever comes from the network is read within bounds.
func FuzzReadMessage(f *testing.F) {
	f.Add([]byte("POST /peer/1 HTTP/1.1\r\nContent-Length: 2\r\nX-Oneha-Mac: ab\r\n\r\nhi"))
	f.Add([]byte("GET /leader HTTP/1.0\n\n"))
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		counted := &countingReader{r: bytes.NewReader(b)}
		_, body, err := readMessage(counted)
		if err == nil && len(body) > maxBody || counted.n > maxHead+maxBody {
			t.Errorf("%d bytes of body, %d read", len(body), counted.n)
		}
	})
}

type countingReader struct {
	r io.Reader
	n int
}

func (c *countingReader) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += n
	return n, err
}

// A message that is authentic but makes no sense neither ends the guard nor makes it
// promise to two servers.
func FuzzAsked(f *testing.F) {
	g := member(f, 1, 0, 1, 2)
	for _, m := range []message{
		{From: 0, To: 1, Life: 5, Yours: g.memory.Incarnation, Number: 1, Ask: &lease.Ask{Zone: "[0 1 2]", From: 0, Mark: lease.Mark{Incarnation: 5, Number: 1}, Term: 3, Promise: 4e9}},
		{From: 2, To: 1, Life: 5, Number: 2, Tell: &lease.Release{Zone: "[0 1 2]", From: 2}},
		{From: 2, To: 1, Life: 1 << 63, Number: 1 << 63, Answer: &lease.Answer{}},
	} {
		body, err := json.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var m message
		if json.Unmarshal(body, &m) != nil {
			return
		}
		g := member(t, 1, 0, 1, 2)
		m.Yours = g.memory.Incarnation
		a, err := g.asked(m)
		if err != nil || a.Answer == nil || !a.Answer.Granted {
			return
		}
		other := 2 - m.From
		second, err := g.asked(message{From: other, To: 1, Life: 1, Yours: m.Yours, Number: 1, Ask: &lease.Ask{Zone: "[0 1 2]", From: other, Mark: lease.Mark{Incarnation: 1, Number: 1}, Term: 1 << 62, Promise: 4e9}})
		if err != nil || second.Answer.Granted && m.Ask.Promise > 0 {
			t.Errorf("promised to %d, then %+v, %v", m.From, second.Answer, err)
		}
	})
}
