// Package twin compares the servers of a cluster, or of a zone, as far as they must be
// the same: files, the account of OpenNebula, packages, units, time; and makes this
// server like another where that is a matter of files.
//
// Each server looks at itself and answers with Facts. Files are told by digests under a
// key that is made for one comparison and kept nowhere, so that what is shown, stored or
// sent in a report is of no use to anybody who would like to guess a password. No
// content leaves a server until a file is copied.
//
// Configuration is compared by what it says, not by its bytes, and some of what it says
// differs on purpose: Kept lists that. A copy brings another server's file and keeps
// these values.
//
// A copy may be killed at any moment. Every file is either the old one or the new one,
// and the next run removes what the killed one left, wherever that was: the directories
// that a run writes to are in a journal before it writes to any of them.
package twin

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Format is the version of Facts and Request. Servers with different ones cannot be
// compared.
const Format = 1

// Mode is how the servers are kept available. It decides what must be the same.
type Mode string

// The modes.
const (
	Pacemaker Mode = "pacemaker" // one database, two servers
	Raft      Mode = "raft"      // a zone: a database on each server
)

// Path is the absolute name of a file on a server. Linux allows any byte but zero in one;
// as text, what a terminal or JSON could not carry is written %XX, and so is %.
type Path string

// String is the path as text.
func (p Path) String() string {
	var b strings.Builder
	for rest := string(p); rest != ""; {
		r, size := utf8.DecodeRuneInString(rest)
		if r == utf8.RuneError && size == 1 || !unicode.IsPrint(r) || r == '%' {
			for _, c := range []byte(rest[:size]) {
				fmt.Fprintf(&b, "%%%02X", c)
			}
		} else {
			b.WriteString(rest[:size])
		}
		rest = rest[size:]
	}
	return b.String()
}

// MarshalText is String.
func (p Path) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads what String writes.
func (p *Path) UnmarshalText(text []byte) error {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '%' {
			b.WriteByte(text[i])
			continue
		}
		if i+2 >= len(text) {
			return fmt.Errorf("path %q ends in the middle of %%XX", text)
		}
		c, err := strconv.ParseUint(string(text[i+1:i+3]), 16, 8)
		if err != nil {
			return fmt.Errorf("path %q: %%%s is no byte", text, text[i+1:i+3])
		}
		b.WriteByte(byte(c))
		i += 2
	}
	*p = Path(b.String())
	return nil
}
