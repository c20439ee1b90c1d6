package fakeoned

import (
	"context"
	"encoding/binary"
	"io"
	"log"
	"net"
)

// runMySQL is a MySQL server as far as somebody without a user can see: while the
// mode is Up it greets and then refuses the login, while it is Hung it accepts
// connections and is silent, while it is Away its port is closed.
func runMySQL(ctx context.Context, c Config, ready func(string), log *log.Logger) error {
	ready("stands at " + c.Listen)
	last := Mode("")
	for {
		m, err := c.modes().database()
		if err != nil {
			return err
		}
		if m != last {
			log.Printf("database: %s", m)
			last = m
		}
		if m == Away {
			if !pause(ctx, writeInterval) {
				return nil
			}
			continue
		}
		if err := c.serveMySQL(ctx, m); err != nil || ctx.Err() != nil {
			return err
		}
	}
}

// serveMySQL keeps the port open while the mode is m.
func (c Config) serveMySQL(ctx context.Context, m Mode) error {
	l, err := listen(c.Listen)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		ended <- serveEach(ctx, l, func(conn net.Conn) {
			if m == Up {
				login(conn)
			} else {
				_, _ = io.Copy(io.Discard, conn)
			}
		})
	}()
	for pause(ctx, writeInterval) {
		if now, err := c.modes().database(); err != nil || now != m {
			break // the caller looks again
		}
	}
	cancel()
	return <-ended
}

// login greets, and refuses whatever the client answers.
func login(conn net.Conn) {
	if _, err := conn.Write(packet(0, handshake())); err != nil {
		return
	}
	var head [4]byte
	if _, err := io.ReadFull(conn, head[:]); err != nil {
		return
	}
	length := int64(head[0]) | int64(head[1])<<8 | int64(head[2])<<16
	if _, err := io.CopyN(io.Discard, conn, length); err != nil {
		return
	}
	refusal := append([]byte("\xff\x15\x04#28000"), "Access denied for user"...) // error 1045
	_, _ = conn.Write(packet(head[3]+1, refusal))
}

// packet frames a payload: its length in three bytes and a sequence number.
func packet(sequence byte, payload []byte) []byte {
	n := len(payload)
	return append([]byte{byte(n), byte(n >> 8), byte(n >> 16), sequence}, payload...)
}

// handshake is the greeting of protocol version 10, as MySQL's and MariaDB's
// manuals describe it (Protocol::HandshakeV10). The eight and twelve bytes for
// scrambling a password are fixed: nobody can log in.
func handshake() []byte {
	const (
		version      = "5.5.5-10.11.19-MariaDB"
		connection   = 7
		capabilities = 0x0008f7fe // CLIENT_PROTOCOL_41, CLIENT_SECURE_CONNECTION, CLIENT_PLUGIN_AUTH and what goes with them
		charset      = 45         // utf8mb4_general_ci
		autocommit   = 2
	)
	b := append([]byte{10}, version+"\x00"...)
	b = binary.LittleEndian.AppendUint32(b, connection)
	b = append(b, "12345678\x00"...)
	b = binary.LittleEndian.AppendUint16(b, capabilities&0xffff)
	b = append(b, charset)
	b = binary.LittleEndian.AppendUint16(b, autocommit)
	b = binary.LittleEndian.AppendUint16(b, capabilities>>16)
	b = append(b, 8+12+1)
	b = append(b, make([]byte, 10)...)
	b = append(b, "123456789abc\x00"...)
	return append(b, "mysql_native_password\x00"...)
}
