package one

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// resultOf returns the string that a call yielded, as a stream: a document of
// hundreds of megabytes comes as one escaped string in XML-RPC. Errors are those of
// answer.
func resultOf(body io.Reader) (io.Reader, error) {
	in := bufio.NewReaderSize(body, 4096)
	head, _ := in.Peek(512) // a body that is shorter is one that answer can read
	const begin = "<string>"
	success, at := bytes.Index(head, []byte("<boolean>1</boolean>")), bytes.Index(head, []byte(begin))
	if success < 0 || at < success {
		text, err := io.ReadAll(io.LimitReader(in, maxAnswer))
		if err != nil {
			return nil, fmt.Errorf("read HTTP answer: %w", err)
		}
		result, err := answer(text)
		return strings.NewReader(result), err
	}
	if _, err := in.Discard(at + len(begin)); err != nil {
		return nil, fmt.Errorf("read HTTP answer: %w", err)
	}
	return &unescaper{in: in}, nil
}

// unescaper reads the text of an XML element up to its end tag, with its character
// and entity references replaced (XML 1.0, 4.1 and 4.6).
type unescaper struct {
	in   *bufio.Reader
	left []byte // replaced, not yet read
	err  error
}

func (u *unescaper) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		if len(u.left) > 0 {
			k := copy(p[n:], u.left)
			u.left = u.left[k:]
			n += k
			continue
		}
		if u.err != nil {
			break
		}
		if n > 0 && u.in.Buffered() == 0 {
			break // rather hand over what there is than wait for more
		}
		n += u.plain(p[n:])
		if n < len(p) && u.err == nil {
			u.err = u.special()
		}
	}
	if n > 0 || len(p) == 0 {
		return n, nil
	}
	return 0, u.err
}

// plain copies what is buffered as far as the next character that is special.
func (u *unescaper) plain(p []byte) int {
	if _, err := u.in.Peek(1); err != nil {
		u.err = ended(err) // the end tag has not come
		return 0
	}
	b, _ := u.in.Peek(u.in.Buffered())
	if i := bytes.IndexAny(b, "&<"); i >= 0 {
		b = b[:i]
	}
	n := copy(p, b)
	_, _ = u.in.Discard(n) // it is buffered
	return n
}

// special reads a reference into left; an end tag is io.EOF. There may be none, if
// the buffer has run out.
func (u *unescaper) special() error {
	if u.in.Buffered() == 0 {
		return nil
	}
	switch c, _ := u.in.ReadByte(); c {
	case '<':
		return io.EOF
	case '&':
	default:
		return u.in.UnreadByte()
	}
	const longest = 10 // &#x10FFFF;
	var name []byte
	for {
		c, err := u.in.ReadByte()
		switch {
		case err != nil:
			return ended(err)
		case c == ';':
			u.left = reference(string(name))
			if u.left == nil {
				return errReference
			}
			return nil
		case len(name) == longest:
			return errReference
		}
		name = append(name, c)
	}
}

var errReference = errors.New("read XML-RPC answer: it has a reference that XML does not know")

// reference is what &name; stands for, nil for nothing.
func reference(name string) []byte {
	switch name {
	case "lt":
		return []byte("<")
	case "gt":
		return []byte(">")
	case "amp":
		return []byte("&")
	case "quot":
		return []byte(`"`)
	case "apos":
		return []byte("'")
	}
	digits, ok := strings.CutPrefix(name, "#")
	if !ok {
		return nil
	}
	base := 10
	if hex, ok := strings.CutPrefix(digits, "x"); ok {
		digits, base = hex, 16
	}
	n, err := strconv.ParseUint(digits, base, 32)
	if err != nil || !utf8.ValidRune(rune(n)) {
		return nil
	}
	return utf8.AppendRune(nil, rune(n))
}
