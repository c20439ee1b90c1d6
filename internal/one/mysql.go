package one

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Packets of MySQL's protocol (MySQL Source Code Documentation, "Client/Server
// Protocol", "Connection Phase"): three bytes of length, a sequence number, and
// the payload, which begins with one of these or with the protocol version.
const (
	mysqlAuthSwitch = 0xfe
	mysqlErr        = 0xff
	mysqlProtocol   = 10
)

// maxMySQLPacket bounds a packet of the connection phase, in bytes.
const maxMySQLPacket = 64 << 10

// greetMySQL waits for the greeting of a MySQL or MariaDB server, and returns its
// sequence number.
func greetMySQL(r io.Reader) (byte, error) {
	sequence, greeting, err := readMySQL(r)
	switch {
	case err != nil:
		return 0, err
	case len(greeting) > 0 && greeting[0] == mysqlErr:
		return 0, mysqlRefusal(greeting)
	case len(greeting) < 2 || greeting[0] != mysqlProtocol:
		return 0, errNotMySQL
	}
	return sequence, nil
}

// leaveMySQL ends a connection after the greeting as its server wants it: it logs in
// as nobody, which is refused. A server counts the connections that end before a
// login, and at max_connect_errors of them (100) it takes none from that host any
// more, oned's included; a refused login it does not count. Errors do not matter:
// the greeting was the proof.
func leaveMySQL(rw io.ReadWriter, sequence byte) {
	if writeMySQL(rw, sequence+1, nobody()) != nil {
		return
	}
	sequence, reply, err := readMySQL(rw)
	if err != nil || len(reply) == 0 || reply[0] != mysqlAuthSwitch {
		return
	}
	if writeMySQL(rw, sequence+1, nil) == nil { // no password with this method, either
		_, _, _ = readMySQL(rw)
	}
}

var errNotMySQL = errors.New("what answers there is not MySQL or MariaDB")

// mysqlRefusal is what a server says instead of a greeting, for one that it has
// too many connections. The text ends with the packet.
func mysqlRefusal(p []byte) error {
	if len(p) < 3 {
		return errors.New("it refuses connections")
	}
	return fmt.Errorf("it refuses connections: error %d, %s", binary.LittleEndian.Uint16(p[1:]), strings.ToValidUTF8(string(p[3:]), "?"))
}

// nobody is a HandshakeResponse41 of a user that no server has, without password.
func nobody() []byte {
	const protocol41, secureConnection, pluginAuth = 0x200, 0x8000, 0x80000
	const utf8 = 33
	p := binary.LittleEndian.AppendUint32(nil, protocol41|secureConnection|pluginAuth)
	p = binary.LittleEndian.AppendUint32(p, maxMySQLPacket)
	p = append(p, utf8)
	p = append(p, make([]byte, 23)...)
	p = append(p, "oneha-probe\x00"...)
	p = append(p, 0) // length of the password's hash
	return append(p, "mysql_native_password\x00"...)
}

func readMySQL(r io.Reader) (sequence byte, payload []byte, err error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, ended(err)
	}
	n := int(head[0]) | int(head[1])<<8 | int(head[2])<<16
	if n > maxMySQLPacket {
		return 0, nil, errNotMySQL
	}
	payload = make([]byte, n)
	if _, err := io.ReadFull(r, payload); err != nil {
		return 0, nil, ended(err)
	}
	return head[3], payload, nil
}

func writeMySQL(w io.Writer, sequence byte, payload []byte) error {
	n := len(payload)
	_, err := w.Write(append([]byte{byte(n), byte(n >> 8), byte(n >> 16), sequence}, payload...))
	return err
}
