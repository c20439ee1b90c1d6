package control

import "time"

// Version of State. Fields may be added without a new one.
const Version = 1

// State is what a guard shows: GET /health, and the control socket.
type State struct {
	Version int       `json:"version"`
	Server  int       `json:"server"`            // SERVER_ID, -1: not in a zone
	Name    string    `json:"name,omitempty"`    // in the description
	Servers []int     `json:"servers"`           // the zone, as this guard counts majorities
	Pending []int     `json:"pending,omitempty"` // a newer list that has to wait
	Started time.Time `json:"started"`
	Now     time.Time `json:"now"` // wall clock when this was written
	Leader  bool      `json:"leader"`
	Idle    string    `json:"idle,omitempty"` // why this guard takes no part
	Oned    Oned      `json:"oned"`
	Lease   Lease     `json:"lease"`
	VIPs    []VIP     `json:"vips"`
	Service Services  `json:"services"`
	Peers   []Peer    `json:"peers"`
	Trouble []string  `json:"trouble,omitempty"` // what is wrong now, in words
}

// Oned is what the local oned said last.
type Oned struct {
	State string `json:"state"` // solo, candidate, follower, leader; "refused": nobody listens; "silent": no answer; "": not asked yet
	Term  uint64 `json:"term"`  // of State
	AgeMS int64  `json:"age_ms"`
	// Since when it leads in this term, as far as guards on this server know; only of a leader.
	Since *time.Time `json:"since,omitempty"`
}

// Lease is the state of the protocol.
type Lease struct {
	Term       uint64 `json:"term"` // the latest known
	Holding    bool   `json:"holding"`
	LeftMS     int64  `json:"left_ms"`     // of the lease
	PromisedTo int    `json:"promised_to"` // server that has this guard's promise, -1: none
	QuietMS    int64  `json:"quiet_ms"`    // until this guard may promise, after its start
	LengthMS   int64  `json:"length_ms"`   // of a lease
	PromiseMS  int64  `json:"promise_ms"`  // of a promise
}

// VIP is a floating address.
type VIP struct {
	Address string `json:"address"` // with its prefix length
	NIC     string `json:"nic"`
	Here    bool   `json:"here"` // as of the last order
}

// Services are what follows the leader.
type Services struct {
	Want    string `json:"want"`              // started, stopped, "": nothing was ordered yet
	Reached bool   `json:"reached"`           // as of the last look
	Trouble string `json:"trouble,omitempty"` // why not
}

// Peer is another guard, as this one sees it.
type Peer struct {
	Server  int    `json:"server"`
	Address string `json:"address"`
	HeardMS int64  `json:"heard_ms"` // ago, either way; -1: never
	Trouble string `json:"trouble,omitempty"`
}
