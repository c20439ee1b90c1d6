package doctor

import (
	"fmt"
	"strings"
	"testing"

	"github.com/oneha/oneha/internal/raft/health"
)

// aZone is a healthy zone of three, the last of which was added again and has the ID 3
// now, and a server that is only described.
func aZone() health.Picture {
	list := health.List{Name: "OpenNebula"}
	ids := []int{0, 1, 3}
	for i, id := range ids {
		list.Servers = append(list.Servers, health.Member{ID: id, Name: fmt.Sprintf("server-%d", i), Endpoint: fmt.Sprintf("http://192.168.150.%d:2633/RPC2", i+1)})
	}
	p := health.Picture{Version: health.Format}
	for i, m := range list.Servers {
		state := health.Follower
		if i == 0 {
			state = health.Leader
		}
		p.Servers = append(p.Servers, health.Server{ID: m.ID, Name: m.Name, Endpoint: m.Endpoint, Oned: health.Oned{
			Answer: health.Answers, List: &list, Raft: &health.Raft{ServerID: m.ID, State: state, Term: 4},
		}})
	}
	p.Servers = append(p.Servers, health.Server{ID: 4, Name: "server-new", Endpoint: "http://192.168.150.9:2633/RPC2", Described: true, Oned: health.Oned{Answer: health.Refuses}})
	return p
}

// What a server has to be is what the zone says, not the description: it may be an old one.
func TestMachinesByTheZone(t *testing.T) {
	all := alike()
	all[2].Conf.ServerID = "3"
	blank := Machine{Server: "server-new", ID: 4, Conf: &Conf{ServerID: "-1"}, Units: map[string]string{"opennebula.service": "disabled"}, Unknown: []string{"server-new, its version: none"}}
	r := Examine(*theZone(), aZone(), append(all, blank))
	for _, f := range r.Findings {
		if strings.HasPrefix(f.ID, "Z5") || strings.HasPrefix(f.ID, "Z6") {
			t.Errorf("found on a zone that is as it should be: %+v", f)
		}
	}
	if len(r.Unknown) > 0 {
		t.Errorf("unknown of a server that is not in the zone: %q", r.Unknown)
	}
	all[2].Conf.ServerID = "2"
	r = Examine(*theZone(), aZone(), all)
	if len(r.Findings) == 0 || r.Findings[0].ID != "Z51" || !strings.Contains(r.Findings[0].Next, "SERVER_ID = 3") {
		t.Errorf("SERVER_ID of before: %+v", r.Findings)
	}
}

// A zone with an error on a machine is not called healthy.
func TestHealthyButNotWell(t *testing.T) {
	all := alike()
	all[2].Conf.ServerID = "3"
	if r := Examine(*theZone(), aZone(), all); r.Verdict != health.Good || !strings.Contains(r.Summary, "is healthy") {
		t.Errorf("%s: %s", r.Verdict, r.Summary)
	}
	all[1].Units["opennebula.service"] = "disabled"
	if r := Examine(*theZone(), aZone(), all); r.Verdict != health.Degraded || strings.Contains(r.Summary, "healthy") || !strings.Contains(r.Summary, "server-0 leads") {
		t.Errorf("%s: %s", r.Verdict, r.Summary)
	}
}
