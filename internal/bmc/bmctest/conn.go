package bmctest

import (
	"encoding/binary"
	"net"
	"sync"
	"time"

	"github.com/bougou/go-ipmi/pkg/transport/udp"
	"github.com/bougou/go-ipmi/pkg/types"
)

// conn counts logins, and loses and spoils packets.
type conn struct {
	*udp.Conn
	options Options

	mu          sync.Mutex
	logins      int
	activations int
	sessions    map[uint32]bool // that spoke
	seen        map[uint64]bool // session and sequence number of packets
	swallow     bool            // the next answer
	back        time.Time       // until when the BMC is away
	end         func(session uint32)
}

// lose ends all sessions without a word, and the answer that is due is lost.
func (c *conn) lose() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.swallow = true
	c.forget()
}

// leave takes the BMC away for a while, as a restart does.
func (c *conn) leave(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.back = time.Now().Add(d)
	c.forget()
}

func (c *conn) forget() {
	for session := range c.sessions {
		c.end(session)
	}
	clear(c.sessions)
}

func (c *conn) ReadFrom(buf []byte) (int, net.Addr, error) {
	for {
		n, addr, err := c.Conn.ReadFrom(buf)
		if err != nil || c.arrives(buf[:n]) {
			return n, addr, err
		}
	}
}

// arrives reports whether the BMC gets a packet.
func (c *conn) arrives(packet []byte) bool {
	if c.options.Drop != nil && c.options.Drop(packet) {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Now().Before(c.back) {
		return false
	}
	if session := sessionOf(packet); session != 0 {
		c.sessions[session] = true
		if number := sequenceOf(packet); number != 0 && c.options.DropSeen {
			id := uint64(session)<<32 | uint64(number)
			if c.seen[id] {
				return false
			}
			c.seen[id] = true
		}
	}
	switch {
	case PayloadType(packet) == types.PayloadTypeRAKPMessage1:
		c.logins++
	case ActivatesSession(packet):
		c.activations++
	}
	return true
}

func (c *conn) WriteTo(packet []byte, addr net.Addr) (int, error) {
	time.Sleep(c.options.Slow)
	c.mu.Lock()
	lost := c.swallow
	c.swallow = false
	c.mu.Unlock()
	switch {
	case lost, c.options.DropAnswer != nil && c.options.DropAnswer(packet):
		return len(packet), nil
	case c.options.Garbage:
		packet = []byte("\x06\x00\xff\x07garbage, and nothing that a client could take for an answer")
	}
	return c.Conn.WriteTo(packet, addr)
}

// Offsets in a packet (IPMI 2.0, tables 13-8, 13-9 and 13-10): an RMCP header of 4
// bytes, then the session header.
const (
	authType    = 4
	plusType    = 5  // RMCP+: type of the payload
	plusSession = 6  // RMCP+: session ID
	plusNumber  = 10 // RMCP+: session sequence number
	oldNumber   = 5  // 1.5: the same
	oldSession  = 9  // 1.5: session ID
	oldMessage  = 30 // 1.5 with an authentication code: the message
	messageCmd  = 5  // in a message: the command
)

// PayloadType is the payload type of an RMCP+ packet; of others it is one that IPMI
// does not have.
func PayloadType(packet []byte) types.PayloadType {
	if len(packet) <= plusSession+4 || packet[authType] != byte(types.AuthTypeRMCPPlus) {
		return 0xff
	}
	return types.PayloadType(packet[plusType] & 0x3f)
}

// ActivatesSession reports whether a packet is the last one of a login by IPMI 1.5.
func ActivatesSession(packet []byte) bool {
	return PayloadType(packet) == 0xff && len(packet) > oldMessage+messageCmd && packet[authType] != 0 &&
		packet[oldMessage+messageCmd] == types.CommandActivateSession.ID
}

// sessionOf is the BMC's ID of the session that a packet belongs to, 0 for none.
func sessionOf(packet []byte) uint32 {
	return numberAt(packet, plusSession, oldSession)
}

// sequenceOf is the sequence number of a packet in its session, 0 for none.
func sequenceOf(packet []byte) uint32 { return numberAt(packet, plusNumber, oldNumber) }

// numberAt is the number at one offset in packets of RMCP+, at another in those of 1.5.
func numberAt(packet []byte, plus, old int) uint32 {
	at := plus
	if PayloadType(packet) == 0xff {
		at = old
	}
	if len(packet) < at+4 {
		return 0
	}
	return binary.LittleEndian.Uint32(packet[at:])
}
