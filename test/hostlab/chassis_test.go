package hostlab

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/oneha/oneha/test/lab"
)

// manner is how a BMC deals with the power of its machine. One that says off for ever of a
// machine that runs is not among them: who can ask only it never knows.
type manner int

const (
	obedient manner = iota
	deaf            // it says yes to a command, and the power stays on
	restless        // it switches off and says so once; then the machine is on again
)

// question is what ipmi_sim asked the chassis of a machine.
type question struct {
	at              time.Time // of the answer
	request, answer string
}

// chassis is the power control of a hypervisor, and its log.
type chassis struct {
	mu     sync.Mutex
	manner manner
	asked  []question
}

// begin forgets what was asked.
func (c *chassis) begin(m manner) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.manner, c.asked = m, nil
}

// log is what was asked since then.
func (c *chassis) log() []question {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.asked)
}

// seenOff are the times at which the BMC said that the power is off.
func (c *chassis) seenOff() (times []time.Time) {
	for _, q := range c.log() {
		if strings.Contains(q.answer, "power:0") {
			times = append(times, q.at)
		}
	}
	return times
}

// answer is a lab.Chassis.
func (c *chassis) answer(n *lab.Node, request string, obey func(string) (string, error)) (answer string, err error) {
	c.mu.Lock()
	manner := c.manner
	c.mu.Unlock()
	if manner != deaf || !strings.Contains(request, " set ") {
		answer, err = obey(request)
	}
	c.mu.Lock()
	c.asked = append(c.asked, question{time.Now(), request, answer})
	c.mu.Unlock()
	if manner == restless && strings.Contains(answer, "power:0") {
		err = n.PowerOn()
	}
	return answer, err
}
