package fakeoned

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits of guacd (GUACD_USEC_TIMEOUT, and libguac's parser).
const (
	guacTime     = 15 * time.Second // for each instruction of the handshake
	guacElements = 128
	guacLength   = 8192 // of an instruction, in bytes
)

// guacProtocols are what a client may select, with the names of the first
// arguments that guacd then asks for.
var guacProtocols = map[string][]string{
	"vnc": {"VERSION_1_5_0", "hostname", "port", "read-only", "encodings", "username", "password"},
	"rdp": {"VERSION_1_5_0", "hostname", "port", "domain", "username", "password"},
	"ssh": {"VERSION_1_5_0", "hostname", "host-key", "port", "username", "password"},
}

// runGuacd answers the first step of Guacamole's handshake and never gets to a
// machine. Like the real one it closes the connection, without a word, when it
// does not understand (apache/guacamole-server, src/guacd/connection.c).
func runGuacd(ctx context.Context, c Config, ready func(string), _ *log.Logger) error {
	l, err := listen(c.Listen)
	if err != nil {
		return err
	}
	ready(listensOn(l))
	return serveEach(ctx, l, func(conn net.Conn) {
		_ = conn.SetReadDeadline(time.Now().Add(guacTime))
		in := bufio.NewReader(conn)
		got, err := readInstruction(in)
		if err != nil || len(got) != 2 || got[0] != "select" || guacProtocols[got[1]] == nil {
			return
		}
		if _, err := io.WriteString(conn, instruction("args", guacProtocols[got[1]]...)); err != nil {
			return
		}
		_ = conn.SetReadDeadline(time.Now().Add(guacTime))
		_, _ = io.Copy(io.Discard, in) // the client's answers, until it leaves or is late
	})
}

// instruction writes an instruction of the Guacamole protocol: elements with
// their lengths in characters.
func instruction(opcode string, args ...string) string {
	text := fmt.Sprintf("%d.%s", utf8.RuneCountInString(opcode), opcode)
	for _, a := range args {
		text += fmt.Sprintf(",%d.%s", utf8.RuneCountInString(a), a)
	}
	return text + ";"
}

// readInstruction reads one instruction; its first element is the opcode.
func readInstruction(r *bufio.Reader) ([]string, error) {
	in := bufio.NewReader(io.LimitReader(r, guacLength))
	var elements []string
	for len(elements) < guacElements {
		digits, err := in.ReadString('.')
		if err != nil {
			return nil, fmt.Errorf("read instruction: %w", err)
		}
		n, err := strconv.ParseUint(strings.TrimSuffix(digits, "."), 10, 16)
		if err != nil {
			return nil, fmt.Errorf("read instruction: length %q: %w", digits, err)
		}
		var element strings.Builder
		for range n {
			c, size, err := in.ReadRune()
			if err == nil && c == utf8.RuneError && size == 1 {
				err = errors.New("not UTF-8")
			}
			if err != nil {
				return nil, fmt.Errorf("read instruction: %w", err)
			}
			element.WriteRune(c)
		}
		elements = append(elements, element.String())
		switch end, err := in.ReadByte(); {
		case err != nil:
			return nil, fmt.Errorf("read instruction: %w", err)
		case end == ';':
			return elements, nil
		case end != ',':
			return nil, fmt.Errorf("read instruction: %q after an element", end)
		}
	}
	return nil, fmt.Errorf("read instruction: more than %d elements", guacElements)
}
