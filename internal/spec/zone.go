package spec

import (
	"net/netip"
	"time"
)

// Zone is an OpenNebula zone under Raft, what `mode: raft` describes: three or
// five servers, each with a database of its own, and a floating IP on the leader.
type Zone struct {
	ID        int
	Servers   []ZoneServer  // in the order of the file: 1, 3, 5 or 7
	VIPs      []ZoneVIP     // empty when a load balancer stands in front
	Services  []string      // what runs beside the leader only: names of one.Services, without oned; empty: what is installed
	Release   string        // OpenNebula's, such as "6.10"; "" when any may run
	Database  string        // "sqlite" or "mysql" (MariaDB too)
	User      string        // whom ssh logs in as on the servers; "root" unless given
	Election  time.Duration // RAFT/ELECTION_TIMEOUT_MS
	Heartbeat time.Duration // RAFT/BROADCAST_TIMEOUT_MS
	Rest      RaftTimers    // the other keys of RAFT
	Port      int           // TCP port at which guards talk to each other and load balancers ask
}

// ZoneServer is an oned of the zone.
type ZoneServer struct {
	Name     string
	ID       int        // SERVER_ID; by the order of the file from 0 unless given
	Addr     netip.Addr // where the others reach it
	Endpoint string     // http://ADDR:2633/RPC2 unless given
}

// ZoneVIP is a floating IP of the leader.
type ZoneVIP struct {
	Address netip.Prefix // not masked
	NIC     string
}

// RaftTimers are the keys of RAFT in oned.conf beside the two timeouts.
type RaftTimers struct {
	LimitPurge   int           // LIMIT_PURGE, records
	LogRetention int           // LOG_RETENTION, records
	LogPurge     time.Duration // LOG_PURGE_TIMEOUT
	XMLRPC       time.Duration // XMLRPC_TIMEOUT_MS
}

// Server returns the server of that name.
func (z *Zone) Server(name string) (ZoneServer, bool) {
	for _, s := range z.Servers {
		if s.Name == name {
			return s, true
		}
	}
	return ZoneServer{}, false
}
