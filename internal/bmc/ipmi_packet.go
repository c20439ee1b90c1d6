package bmc

import (
	"encoding/binary"

	"github.com/bougou/go-ipmi/pkg/types"
)

// Payload types beside those of RMCP+.
const (
	oldPayload types.PayloadType = 0xfe // IPMI 1.5, in which RMCP+ begins as well
	noPayload  types.PayloadType = 0xff // not IPMI
)

// payloadOf is the payload type of a packet (IPMI 2.0, tables 13-1, 13-8 and 13-16).
func payloadOf(packet []byte) types.PayloadType {
	const (
		ipmiClass = 0x07
		plusType  = 0x06
		mostType  = 0x05 // of authentication of IPMI 1.5
	)
	switch {
	case len(packet) < 14 || packet[0] != 0x06 || packet[3] != ipmiClass:
		return noPayload
	case packet[4] == plusType:
		return types.PayloadType(packet[5] & 0x3f)
	case packet[4] <= mostType:
		return oldPayload
	}
	return noPayload
}

// numbered reports whether a packet has a session sequence number (IPMI 2.0, tables
// 13-8 and 13-9): it is one of a session, not of a login.
func numbered(packet []byte) bool {
	at := 5 // of IPMI 1.5
	if payloadOf(packet) != oldPayload {
		at = 10
	}
	return len(packet) >= at+4 && binary.LittleEndian.Uint32(packet[at:]) != 0
}

// answerTo is the payload type of the answer to a request.
func answerTo(request types.PayloadType) types.PayloadType {
	switch request {
	case types.PayloadTypeRmcpOpenSessionRequest:
		return types.PayloadTypeRmcpOpenSessionResponse
	case types.PayloadTypeRAKPMessage1:
		return types.PayloadTypeRAKPMessage2
	case types.PayloadTypeRAKPMessage3:
		return types.PayloadTypeRAKPMessage4
	}
	return request
}
