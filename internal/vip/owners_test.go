package vip

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/oneha/oneha/internal/vip/viptest"
)

// owners asks from the node of the lab.
func owners(t *testing.T, l *viptest.Lab, ip string) (list string, took time.Duration, err error) {
	t.Helper()
	on(t, l.Node, func(ctx context.Context, h *Host) {
		began := time.Now()
		found, e := h.Owners(ctx, "n0", netip.MustParseAddr(ip))
		took, err = time.Since(began), e
		var words []string
		for _, o := range found {
			words = append(words, o.String())
		}
		list = strings.Join(words, " ")
	})
	return list, took, err
}

func TestOwners(t *testing.T) {
	const peer = "02:00:00:00:00:02"
	for _, test := range []struct{ name, own, ip, peer, also, want string }{
		{"nobody", "10.77.0.1/24", "10.77.0.100", "", "", ""},
		{"the peer", "10.77.0.1/24", "10.77.0.100", "10.77.0.100/24", "", peer},
		{"the peer, and this node too", "10.77.0.1/24", "10.77.0.100", "10.77.0.100/24", "10.77.0.100/24", peer},
		{"this node alone", "10.77.0.1/24", "10.77.0.100", "", "10.77.0.100/24", ""},
		{"the peer, IPv6", "", "fd77::100", "fd77::100/64", "", peer},
		{"nobody, IPv6", "", "fd77::100", "", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := viptest.New(t)
			for _, a := range []string{test.own, test.also} {
				if a != "" {
					l.Node.Add("n0", a)
				}
			}
			if test.peer != "" {
				l.Peer.Add("p0", test.peer)
			}
			if strings.Contains(test.ip, ":") {
				time.Sleep(2500 * time.Millisecond) // duplicate address detection of the kernels
			}
			got, took, err := owners(t, l, test.ip)
			if err != nil || got != test.want {
				t.Errorf("owners %q, error %v, want %q", got, err, test.want)
			}
			if took < detectTime || took > detectTime+busy {
				t.Errorf("it took %s", took)
			}
		})
	}
}

// Two machines have the address, and both are found.
func TestOwnersTwo(t *testing.T) {
	l := viptest.New(t)
	l.Node.Add("n0", "10.77.0.1/24")
	l.Peer.Add("p0", "10.77.0.100/24")
	rival := net.HardwareAddr{2, 0, 0, 0, 0, 9}
	station := l.Peer.Capture("p0")
	time.AfterFunc(150*time.Millisecond, func() { station.Send(arpFrame(viptest.NodeMAC, gratuitousARP(arpReply, 1, rival, sought))) })
	got, _, err := owners(t, l, sought.String())
	if want := "02:00:00:00:00:02 02:00:00:00:00:09"; err != nil || got != want {
		t.Errorf("owners %q, error %v, want %q", got, err, want)
	}
}

// A node that is about to add the address must not take the question for a rival.
func TestOwnersIsNoRival(t *testing.T) {
	l := viptest.New(t)
	l.Node.Add("n0", "10.77.0.1/24")
	station := l.Peer.Capture("p0")
	if _, _, err := owners(t, l, sought.String()); err != nil {
		t.Fatal(err)
	}
	frames := station.Next(3, time.Second, viptest.IsARP)
	if len(frames) != 3 {
		t.Fatalf("%d questions, want 3", len(frames))
	}
	for _, f := range frames {
		p, ok := parseARP(f.Bytes[14:], 6)
		if claim := p.claim(sought, true); !ok || claim != "" || p.senderIP.String() != "10.77.0.1" {
			t.Errorf("%s: claim %q, sender %s", f, claim, p.senderIP)
		}
	}
}

func TestOwnersWhereItCannot(t *testing.T) {
	l := viptest.New(t)
	if _, _, err := owners(t, l, "10.77.0.100"); !errors.Is(err, ErrNoRoute) {
		t.Errorf("without an address: error %v, want ErrNoRoute", err)
	}
	l.Peer.Down("p0")
	if _, _, err := owners(t, l, "10.77.0.100"); !errors.Is(err, ErrLinkDown) {
		t.Errorf("link down: error %v, want ErrLinkDown", err)
	}
}

func FuzzAnswer(f *testing.F) {
	ip6 := netip.MustParseAddr("fd77::100")
	f.Add(true, gratuitousARP(arpReply, 1, viptest.PeerMAC, sought).bytes())
	f.Add(false, unsolicitedNA(linkLayerOption(viptest.PeerMAC, 0), ip6, false))
	f.Fuzz(func(t *testing.T, four bool, b []byte) {
		etherType, ip := uint16(unix.ETH_P_IPV6), ip6
		if four {
			etherType, ip = unix.ETH_P_ARP, sought
		}
		if hw := answer(etherType, b, 6, ip); hw != nil && len(hw) != 6 {
			t.Errorf("an address of %d bytes", len(hw))
		}
	})
}

func TestSolicitation(t *testing.T) {
	from, ip := netip.MustParseAddr("fe80::1"), netip.MustParseAddr("fd77::12:3456")
	p := solicitation(viptest.NodeMAC, from, ip)
	if got, want := p.to.String(), "33:33:ff:12:34:56"; got != want {
		t.Errorf("sent to %s, want %s", got, want)
	}
	if !viptest.SumOK(p.payload[8:24], p.payload[24:40], p.payload[40:]) {
		t.Error("wrong checksum")
	}
	if n := int(binary.BigEndian.Uint16(p.payload[4:])); n != len(p.payload)-40 {
		t.Errorf("length %d, want %d", n, len(p.payload)-40)
	}
}
