package fencing

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
)

// relay passes UDP packets on to a BMC and notes the logins among them.
type relay struct {
	front *net.UDPConn
	back  string

	mu     sync.Mutex
	suite  string // of the session being opened
	logins []string
	peers  map[string]*net.UDPConn // by the client's address
	wait   sync.WaitGroup
}

func startRelay(t *testing.T, front, back string) *relay {
	t.Helper()
	addr, err := net.ResolveUDPAddr("udp", front)
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{back: back, peers: map[string]*net.UDPConn{}}
	if r.front, err = net.ListenUDP("udp", addr); err != nil {
		t.Fatal(err)
	}
	r.wait.Add(1)
	go r.forward()
	t.Cleanup(func() {
		r.front.Close()
		r.mu.Lock()
		for _, c := range r.peers {
			c.Close()
		}
		r.mu.Unlock()
		r.wait.Wait()
	})
	return r
}

func (r *relay) forward() {
	defer r.wait.Done()
	buf := make([]byte, 2048)
	for {
		n, from, err := r.front.ReadFromUDP(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // a client that went away
		}
		to, err := r.peer(from)
		if err != nil {
			continue
		}
		r.note(buf[:n])
		_, _ = to.Write(buf[:n]) // a lost packet is the client's business
	}
}

// peer is the connection to the BMC for one client.
func (r *relay) peer(client *net.UDPAddr) (*net.UDPConn, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c := r.peers[client.String()]; c != nil {
		return c, nil
	}
	conn, err := net.Dial("udp", r.back)
	if err != nil {
		return nil, err
	}
	c := conn.(*net.UDPConn)
	r.peers[client.String()] = c
	r.wait.Add(1)
	go func() {
		defer r.wait.Done()
		buf := make([]byte, 2048)
		for {
			n, err := c.Read(buf)
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err == nil {
				_, _ = r.front.WriteToUDP(buf[:n], client)
			}
		}
	}()
	return c, nil
}

// seen returns the logins since the last call, without repetitions.
func (r *relay) seen() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	text := strings.Join(r.logins, "; ")
	r.logins = nil
	return text
}

func (r *relay) note(packet []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	suite, login := readPacket(packet)
	if suite != "" {
		r.suite = suite
	}
	if login == "" {
		return
	}
	if strings.HasPrefix(login, "as ") {
		login = r.suite + " " + login
	}
	if n := len(r.logins); n == 0 || r.logins[n-1] != login {
		r.logins = append(r.logins, login)
	}
}

// Offsets in an RMCP packet (IPMI 2.0, tables 13-8, 13-9, 13-11 and 22-21, 22-22).
const (
	rmcpHeader = 4
	plusHeader = rmcpHeader + 12 // of RMCP+, without OEM fields
)

// readPacket returns what of a login a packet says: the algorithms of an Open
// Session Request, the user of a RAKP message 1, or the user and authentication
// type of a Get Session Challenge.
func readPacket(p []byte) (suite, login string) {
	if len(p) < rmcpHeader+10 {
		return "", ""
	}
	if p[4] == 0x06 { // RMCP+
		body := p[min(plusHeader, len(p)):]
		switch payload := p[5] & 0x3f; {
		case payload == 0x10 && len(body) >= 32:
			return fmt.Sprintf("2.0 algorithms %d %d %d", body[12], body[20], body[28]), ""
		case payload == 0x12 && len(body) >= 28 && len(body) >= 28+int(body[27]):
			return "", fmt.Sprintf("as %s, level %d", body[28:28+int(body[27])], body[24]&0x0f)
		}
		return "", ""
	}
	if p[4] != 0 || binary.BigEndian.Uint32(p[9:13]) != 0 { // no session yet
		return "", ""
	}
	message := p[rmcpHeader+10:]
	const challenge = 0x39
	if len(message) >= 6+17 && message[1]>>2 == 0x06 && message[5] == challenge {
		return "", fmt.Sprintf("1.5 type %d as %s", message[6]&0x0f, strings.TrimRight(string(message[7:23]), "\x00"))
	}
	return "", ""
}
