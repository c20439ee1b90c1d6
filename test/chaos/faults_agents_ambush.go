package chaos

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/oneha/oneha/test/lab"
)

// ambush is what meets a resource agent of ours in the middle of an action, once. The
// moment is a step of its work, not a time by the clock: at the first system call of a
// kind, which the kernel makes for certain, or, where it waits for its service, some time
// after its begin.
type ambush struct {
	agent, action string
	signal        string // KILL; or STOP: it stands still until Pacemaker's timeout
	at            string // system call
	after         string // seconds, when there is no system call
}

// Steps of the agents' work, as strace shows it.
const (
	vipAsksKernel  = "sendto"  // of all actions of vip: before anything has been changed
	vipAnnounced   = "sendmsg" // of its start: the address is set and was announced
	onedAsksSystem = "connect" // of all actions of services: to systemd
)

// Places on a node. A script covers the program of all agents, which is called by the
// names of its links; the program itself is beside it.
const (
	agentProgram = "/usr/lib/oneha/ocf-opennebula"
	ambushDir    = "/run/ambush"
)

// layAmbush is a script that covers the program of the agents on a node. The copy has its
// name, so that the auditor of leaks knows one that is left. What it starts
// in the background holds none of the agent's outputs, on whose end Pacemaker waits.
const layAmbush = `d=` + ambushDir + `
mkdir $d $d/agents
cp ` + agentProgram + ` $d/ocf-opennebula
for f in /usr/lib/ocf/resource.d/opennebula/*; do ln -s $d/ocf-opennebula $d/agents/${f##*/}; done
cat >$d/script
chmod 755 $d/script
mount --bind $d/script ` + agentProgram

// liftAmbush undoes layAmbush.
const liftAmbush = `if mountpoint -q ` + agentProgram + `; then umount -l ` + agentProgram + `; fi
rm -rf ` + ambushDir

// script is what is called instead of the agents.
func (a ambush) script() string {
	meet := fmt.Sprintf(`exec strace -D -f -qq -o $d/trace -e trace=%[1]s -e inject=%[1]s:signal=SIG%[2]s:when=1 $real "$@"`, a.at, a.signal)
	if a.at == "" {
		// By a shell of its own: a child of this script would be called as the script is, and
		// the agent of oned would take it for an oned. It is seen to stand still first: then it
		// was there to be met. On a busy node that takes a moment.
		meet = fmt.Sprintf(`sh -c '>$0/lurks; sleep %s; kill -s STOP $1 && for i in $(seq 500); do if grep -q "^State:.T" /proc/$1/status; then kill -s %s $1 && echo "%s" >$0/trace; exit; fi; sleep 0.02; done' $d $$ </dev/null >/dev/null 2>&1 &
	until [ -e $d/lurks ]; do sleep 0.02; done`, a.after, a.signal, a.mark())
	}
	return fmt.Sprintf(`#!/bin/sh
d=%s real=%[1]s/agents/${0##*/}
if [ "${0##*/} $1" = "%[2]s %[3]s" ] && [ "$1 ${OCF_RESKEY_CRM_meta_interval:-0}" != "monitor 0" ] && mkdir $d/met 2>/dev/null; then
	%[4]s
fi
exec $real "$@"
`, ambushDir, a.agent, a.action, meet)
}

// mark is what is written down when it has happened.
func (a ambush) mark() string {
	return map[string]string{"KILL": "killed by SIGKILL", "STOP": "stopped by SIGSTOP"}[a.signal]
}

// lay has the ambush wait on a node, until the fault is over.
func (r *Round) lay(ctx context.Context, n *lab.Node, a ambush) error {
	r.undoOn(n, liftAmbush)
	_, err := n.Command(ctx, lab.Command{Args: []string{"sh", "-euc", layAmbush}, Streams: lab.Streams{Stdin: strings.NewReader(a.script())}})
	return err
}

// met waits until the ambush on a node has met its agent. A round in which it has not is
// no round.
func (r *Round) met(ctx context.Context, n *lab.Node, a ambush) error {
	return r.wait(ctx, fmt.Sprintf("%s of %s to be met on %s", a.action, a.agent, n.Name), func(ctx context.Context) bool {
		return r.sh(ctx, n, fmt.Sprintf("grep -q '%s' %s/trace", a.mark(), ambushDir)) == nil
	})
}

// slowly makes oned on the active node take so long for its end, or its begin, that an
// agent that waits for it is met in the middle.
func (r *Round) slowly(ctx context.Context, a ambush) error {
	if a.at != "" {
		return nil
	}
	return r.changeUnit(ctx, r.Active, slowOned(a.action+"-time", 5*time.Second))
}
