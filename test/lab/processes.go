package lab

// Processes lists what runs in the machine, by the numbers that the host knows it by, and
// the nspawn and nsenter around it; none without power.
func (m *Machine) Processes() []int { return m.cgroup.processes() }

// Init is the number by which the host knows the machine's PID 1, 0 when there is none.
// Below /proc/NUMBER/root are the machine's files as it sees them.
func (m *Machine) Init() int { return m.cgroup.init() }
