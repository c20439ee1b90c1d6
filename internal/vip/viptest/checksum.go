package viptest

import (
	"encoding/binary"
	"math/big"
)

// SumOK verifies the checksum of an ICMPv6 message between two IPv6 addresses.
// It is not computed as senders do it. The one's complement sum of 16-bit words
// is the remainder of the whole, taken as one number, modulo 65535 (RFC 1071,
// section 2), for 65536 leaves 1; with the right checksum in its place, whose
// complement the rest sums to, it is 0.
func SumOK(src, dst, message []byte) bool {
	pseudo := append(append([]byte(nil), src...), dst...) // RFC 8200, section 8.1
	pseudo = binary.BigEndian.AppendUint32(pseudo, uint32(len(message)))
	pseudo = binary.BigEndian.AppendUint32(pseudo, protocolICMPv6)
	all := append(pseudo, message...)
	if len(all)%2 != 0 {
		all = append(all, 0)
	}
	sum := new(big.Int).SetBytes(all)
	return sum.Mod(sum, big.NewInt(65535)).Sign() == 0
}
