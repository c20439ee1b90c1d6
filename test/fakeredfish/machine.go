package fakeredfish

import "time"

// DefaultResetTypes are those of an iLO 5.
var DefaultResetTypes = []string{"On", "ForceOff", "GracefulShutdown", "ForceRestart", "Nmi", "PushPowerButton", "GracefulRestart"}

// machine is what a system switches. Its operating system hangs: whoever only asks
// it to shut down waits in vain, as for the machines that get fenced.
type machine struct {
	System
	options Options

	on       bool
	wasOff   bool
	next     bool      // the state that is coming
	at       time.Time // when; zero for no change under way
	andAgain bool      // on again after that, as a power cycle
}

func newMachine(s System, o Options) *machine {
	if s.Name == "" {
		s.Name = "Computer System"
	}
	return &machine{System: s, options: o, on: !o.Off, wasOff: o.Off}
}

func (m *machine) powered() bool {
	if m.options.Supply != nil {
		return m.options.Supply.Powered()
	}
	for !m.at.IsZero() && !time.Now().Before(m.at) {
		m.on = m.next
		m.wasOff = m.wasOff || !m.on
		switch {
		case m.andAgain:
			m.next, m.andAgain, m.at = true, false, m.at.Add(m.options.Late)
		case !m.on && m.options.Bounce > 0:
			m.next, m.at = true, m.at.Add(m.options.Bounce)
		default:
			m.at = time.Time{}
		}
	}
	return m.on
}

// state is the PowerState.
func (m *machine) state() string {
	on := m.powered()
	switch {
	case m.options.PowerState != "":
		return m.options.PowerState
	case !m.at.IsZero() && m.options.Between && m.next:
		return "PoweringOn"
	case !m.at.IsZero() && m.options.Between:
		return "PoweringOff"
	case on:
		return "On"
	}
	return "Off"
}

// reset carries out a reset type that the BMC takes, and reports whether it can in
// the present state.
func (m *machine) reset(resetType string) bool {
	on := m.powered()
	change := func(to bool) {
		if m.options.Supply != nil {
			_ = m.options.Supply.SetPower(to) // who asks next sees whether it worked
			return
		}
		if !m.options.Ignore && !(m.options.IgnoreOn && to) {
			m.next, m.at, m.andAgain = to, time.Now().Add(m.options.Late), false
		}
	}
	if m.options.Refuse || m.options.RefuseOn && (resetType == "On" || resetType == "ForceOn") {
		return false
	}
	switch resetType {
	case "On", "ForceOn":
		if on && m.options.Strict {
			return false
		}
		change(true)
	case "ForceOff":
		if !on && m.options.Strict {
			return false
		}
		change(false)
	case "ForceRestart", "PowerCycle":
		if !on {
			return false
		}
		change(false)
		m.andAgain = !m.at.IsZero()
		if m.options.Supply != nil {
			change(true)
		}
	case "PushPowerButton":
		if !on {
			change(true)
		}
	}
	return true // what is left asks the operating system
}
