package lab

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// A machine has the host's clock: Linux has no namespace for it, and the host's must not be
// touched. What is linked dynamically can be given another one by libfaketime, which is
// loaded before the C library and adds to the time what a file says. That is corosync,
// Pacemaker and the scripts that they start. It is not what reads the clock without the C
// library, so no Go program, none of oneha's agents, and not systemd, which the machine
// starts by itself. Nor does it change the monotonic clock: a step does not either.
const (
	clockFile   = "/run/lab-clock" // on the machine: what is added, in seconds, "+3600"
	clockDropIn = "/run/systemd/system/%s.d/lab-clock.conf"

	// Each of its users reads the file every time. The loader replaces $LIB.
	clockLines = `[Service]
Environment=LD_PRELOAD=/usr/$LIB/faketime/libfaketimeMT.so.1
Environment=FAKETIME_TIMESTAMP_FILE=` + clockFile + `
Environment=FAKETIME_NO_CACHE=1
Environment=FAKETIME_DONT_FAKE_MONOTONIC=1
`
)

// OwnClock has units of the machine start with a wall clock of their own from their next
// start on, until HostClock or the machine's next boot. It is right until StepClock.
func (m *Machine) OwnClock(ctx context.Context, units ...string) error {
	script := "[ -e " + clockFile + " ] || echo +0 >" + clockFile + "\n"
	for _, unit := range units {
		script += fmt.Sprintf("f="+clockDropIn+"; mkdir -p ${f%%/*}; cat >$f <<'END'\n%sEND\n", unit, clockLines)
	}
	return m.clockScript(ctx, "give a clock to", script+"systemctl daemon-reload")
}

// HostClock takes back what OwnClock did, from the units' next start on.
func (m *Machine) HostClock(ctx context.Context, units ...string) error {
	script := ""
	for _, unit := range units {
		script += fmt.Sprintf("rm -f "+clockDropIn+"\n", unit)
	}
	return m.clockScript(ctx, "take the clock from", script+"systemctl daemon-reload")
}

// StepClock steps the clock of all that was started since OwnClock: to so much after the
// right time, or before it. Parts of a second are cut off.
func (m *Machine) StepClock(ctx context.Context, off time.Duration) error {
	script := fmt.Sprintf("echo %+d >%s.new; mv %[2]s.new %[2]s", int(off.Seconds()), clockFile)
	return m.clockScript(ctx, "step the clock of", script)
}

func (m *Machine) clockScript(ctx context.Context, doing, script string) error {
	if _, err := m.Exec(ctx, "sh", "-euc", script); err != nil {
		return fmt.Errorf("%s machine %s: %w", doing, m.Name, err)
	}
	return nil
}

// LoggedOff is by how much the clock of a daemon of Pacemaker on the machine is ahead of the
// right time, to the second or two: it has one write to its log.
func (m *Machine) LoggedOff(ctx context.Context) (time.Duration, error) {
	const probe = `LD_PRELOAD= attrd_updater --name lab-clock --update $1
for i in $(seq 100); do
	if grep -F "lab-clock" /var/log/pacemaker/pacemaker.log | grep -F -m 1 $1; then
		attrd_updater --name lab-clock --delete
		exit
	fi
	sleep 0.1
done
echo "pacemaker-attrd has not logged it" >&2
exit 1`
	asked := time.Now().UTC()
	r, err := m.Exec(ctx, "sh", "-euc", probe, "probe", fmt.Sprint(asked.UnixNano()))
	if err != nil {
		return 0, fmt.Errorf("ask for the clock of machine %s: %w", m.Name, err)
	}
	return loggedOff(r.Stdout, asked)
}

// loggedOff compares the time that begins a line of pacemaker.log, which has no year, with
// the right one.
func loggedOff(line string, asked time.Time) (time.Duration, error) {
	stamp := line[:min(len(line), len(time.Stamp))]
	at, err := time.Parse(time.Stamp, stamp)
	if err != nil {
		return 0, fmt.Errorf("read the clock of Pacemaker's log: %q begins no line of it", strings.TrimSpace(stamp))
	}
	at = at.AddDate(asked.Year(), 0, 0)
	const half = 366 / 2 * 24 * time.Hour
	switch off := at.Sub(asked); {
	case off > half:
		at = at.AddDate(-1, 0, 0)
	case off < -half:
		at = at.AddDate(1, 0, 0)
	}
	return at.Sub(asked), nil
}
