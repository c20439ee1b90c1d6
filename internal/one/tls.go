package one

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
)

// Record types of TLS (RFC 5246, 6.2.1).
const (
	tlsAlert     = 21
	tlsHandshake = 22
)

// probeTLS proves that a TLS server answers at the endpoint: it answers the first
// message of a handshake, if only with an alert. Package crypto/tls would make the
// agents' program half as large again (2.2 MB); nothing here is secret or trusted.
func probeTLS(ctx context.Context, e Endpoint) error {
	c, err := e.dial(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := c.Write(clientHello()); err != nil {
		return c.failed(err)
	}
	var head [5]byte
	if _, err := io.ReadFull(c, head[:]); err != nil {
		return c.failed(ended(err))
	}
	if head[0] != tlsAlert && head[0] != tlsHandshake || head[1] != 3 {
		return errors.New("what answers does not speak TLS, as its configuration says it should")
	}
	return nil
}

// clientHello is the record with which a TLS 1.2 client begins (RFC 5246, 7.4.1.2).
// Nothing follows it, so nothing in it need be random.
func clientHello() []byte {
	suites := []uint16{0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca8, 0xcca9, 0x009c, 0x002f} // ECDHE and RSA, AES and ChaCha20
	extensions := []uint16{
		10, 6, 4, 29, 23, // supported_groups: X25519, P-256
		13, 12, 10, 0x0403, 0x0804, 0x0401, 0x0503, 0x0501, // signature_algorithms
	}
	body := append([]byte{3, 3}, make([]byte, 32)...) // version, random
	body = append(body, 0)                            // session
	body = appendWords(binary.BigEndian.AppendUint16(body, uint16(2*len(suites))), suites)
	body = append(body, 1, 0) // no compression
	body = appendWords(binary.BigEndian.AppendUint16(body, uint16(2*len(extensions))), extensions)
	n := len(body)
	message := append([]byte{1, byte(n >> 16), byte(n >> 8), byte(n)}, body...)
	return append(binary.BigEndian.AppendUint16([]byte{tlsHandshake, 3, 1}, uint16(len(message))), message...)
}

func appendWords(b []byte, words []uint16) []byte {
	for _, w := range words {
		b = binary.BigEndian.AppendUint16(b, w)
	}
	return b
}
