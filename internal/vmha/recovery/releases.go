package recovery

// note says in which releases an answer does something else than the table.
type note struct {
	when string // "before 5.4", "from 5.8"
	what string
}

// A machine that oned calls RUNNING becomes UNKNOWN when its host comes into ERROR. Until
// 5.10 every look of the monitoring that failed said so again; since 5.12 the change
// of the host's state says it, and once (src/im/InformationManager.cc, HOST_STATE). A
// host that is DISABLED never comes into ERROR, so there every failed look says it.
var staysRunning = note{"from 5.12", "on a host that is in ERROR already, success leaves it RUNNING: UNKNOWN is said when the host comes into ERROR, or again and again while it is DISABLED"}

var (
	gracefulRetry = note{"4.14", "retry ends it gracefully, unless a hard end was asked for"}
	noWayBack     = note{"before 5.2", "failure does nothing"}
	neverOff      = note{"before 5.8", "nothing is powered off to be moved: BOOT_MIGRATE follows"}
)

// releases are the differences between releases, by LCM_STATE: of 4.14, 5.0 to 5.12, 6.0
// to 6.10 and 7.0 to 7.4 (src/lcm/LifeCycleActions.cc, LifeCycleStates.cc).
var releases = map[int][]note{
	2: {staysRunning}, 16: {staysRunning}, 19: {staysRunning}, 20: {staysRunning}, 21: {staysRunning}, 22: {staysRunning},
	32: {staysRunning}, 35: {staysRunning}, 36: {staysRunning}, 37: {staysRunning}, 47: {staysRunning}, 48: {staysRunning},
	8:  {neverOff},
	12: {gracefulRetry}, 18: {gracefulRetry}, 29: {gracefulRetry},
	17: {
		{"from 5.10", "also while onevm updateconf changes it; any answer is right then"},
		{"from 7.2", "also while onevm exec runs a command in it; any answer is right then"},
	},
	24: {
		{"before 5.4", "every answer is that of a snapshot that could not be made: it goes from the record"},
		{"from 5.4", "with no snapshot marked ACTIVE in the record every answer does nothing"},
	},
	25: {{"from 6.6", "also while a NIC or its network is updated; any answer is right then"}},
	38: {noWayBack, neverOff}, 44: {noWayBack}, 46: {noWayBack}, 61: {noWayBack},
}
