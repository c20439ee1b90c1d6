package runbook

import (
	"fmt"

	"github.com/oneha/oneha/internal/raft/zoneconf"
)

// prove has the zone lose its leader, in the ways that Raft alone does not survive too.
func (b *zoneBook) prove() []Step {
	if len(b.z.Servers) == 1 {
		return []Step{{
			ID: "prove", Title: "Look at the zone", On: b.servers, Commands: []string{"oneha raft status", "oneha raft doctor"},
			Expect: "The server leads. Nothing takes over from it yet.", Otherwise: "oneha raft doctor names the next step.",
		}}
	}
	watch := "A load balancer finds the new one: GET http://SERVER:" + fmt.Sprint(b.z.Port) + "/leader is 200 there alone."
	if len(b.z.VIPs) > 0 {
		watch = "The floating IP is on it within the election timeout and a second and a half, and on no other."
	}
	return []Step{
		{
			ID: "healthy", Title: "Look at the whole", On: b.servers,
			Commands:  []string{"oneha raft status", "oneha raft doctor", "oneha check --node /etc/oneha/oneha.yaml"},
			Expect:    "One leader, the others follow, and no finding.",
			Otherwise: "Each finding says what to do.",
		},
		{
			ID: "stop-leader", Title: "Stop the leader", Where: "the leader, as oneha raft status shows it", Interrupt: true,
			Commands:  []string{"systemctl stop opennebula", "oneha raft status --watch"},
			Expect:    "Another server leads after some " + b.z.Election.String() + ". " + watch + " What follows the leader runs there.",
			Otherwise: "oneha raft doctor, on the other servers.",
		},
		{
			ID: "hang-leader", Title: "Let the new leader hang", Where: "the new leader", Interrupt: true, Optional: true,
			Why:       "Start the first one again before: a majority has to be left. A process that hangs keeps what it has, and no hook runs: the guard gives the address up.",
			Commands:  []string{"kill -STOP $(pidof oned)", "sleep 20", "kill -CONT $(pidof oned)"},
			Expect:    "Within a few seconds the address is gone here, and a third server leads.",
			Otherwise: "systemctl status " + zoneconf.GuardUnit + " on this server.",
		},
		{
			ID: "start-again", Title: "Start what was stopped", On: b.servers,
			Commands:  []string{"systemctl start opennebula", "oneha raft status"},
			Expect:    "All servers follow the leader, at one INDEX.",
			Otherwise: "A server that was down too long: oneha raft reset NAME.",
		},
	}
}

// back makes one server of the zone an oned alone again.
func (b *zoneBook) back() []Step {
	var steps []Step
	for i := len(b.z.Servers) - 1; i > 0; i-- {
		s := b.z.Servers[i]
		steps = append(steps, Step{
			ID: stepID("leave-", s), Title: "Take " + s.Name + " out of the zone", On: []string{b.first.Name}, Optional: true,
			Why:       "Stop it first: a server that was removed and runs stands for election for ever. In one command: oneha raft leave " + word(s.Name) + ".",
			Commands:  []string{b.ssh(s, "systemctl disable --now opennebula "+zoneconf.GuardUnit), fmt.Sprintf("sudo -u oneadmin onezone server-del %d %d", b.z.ID, s.ID)},
			Expect:    "onezone show lists it no more.",
			Otherwise: "Only a leader removes servers: do it where the leader is.",
		})
	}
	return append(steps, Step{
		ID: "alone", Title: "Run " + b.first.Name + " alone again", On: []string{b.first.Name}, Optional: true, Interrupt: true,
		Commands: []string{
			"systemctl disable --now " + zoneconf.GuardUnit + "; systemctl stop opennebula",
			fmt.Sprintf(`sed -i 's/^\([^#]*\bSERVER_ID *= *\)"\{0,1\}%d\b"\{0,1\}/\1-1/' /etc/one/oned.conf`, b.first.ID),
			"systemctl start opennebula",
		},
		Expect:    "onezone show without a leader: oned is alone. Remove RAFT_LEADER_HOOK and RAFT_FOLLOWER_HOOK from oned.conf too.",
		Otherwise: "journalctl -u opennebula says why.",
	})
}
