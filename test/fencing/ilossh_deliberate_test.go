package fencing

// What several rows have in common, beside what they have in common with IPMI.
const (
	iloAssumesReboot = "fence_ilo_ssh passes over the line and reboots, its default; ours refuses what may have been meant as the action"
	oneRetry         = "what gets lost is tried once more, on a new login"
	hangsUnderFenced = "fenced makes the stock agent wait without a limit, so it hangs until it is killed; ours keeps login_timeout"
	noProgram        = "neither ssh nor telnet is run, so there is nothing to miss"
)

// iloSSHDeliberates are all differences between the agents for iLO over SSH, each with
// its reason.
var iloSSHDeliberates = []deliberate{
	{"very old action", "exit stdout power login", iloAssumesReboot},
	{"spaces around =", "exit stdout power login", iloAssumesReboot},
	{"action as a word", "exit stdout power login", iloAssumesReboot},
	{"list", "stdout stderr login", "fenced takes words on standard output for names of machines; and nothing is to be asked"},
	{"quiet=0, wrong password", "stderr", readBoolean},

	{"plug by -*", "exit stdout stderr login", "accepted and unused, as on standard input"},
	{"unknown host key", "exit stdout stderr login", "fence_ilo_ssh answers yes for any key and gives the password to whoever is there"},
	{"ssh is not asked for", "exit stdout stderr login", "there is no telnet, so ssh is on by default"},
	{"ssh=0", "exit stdout stderr login", readBoolean + ", and telnet is not served"},
	{"ssh_path to nothing by *", "exit stdout stderr login", noProgram},
	{"identity_file others may read by *", "login", "ssh passes over the key and goes on to ask for a password"},

	{"another state", "exit stdout stderr", "fence_ilo_ssh takes every state but enabled for off, and calls the machine fenced"},
	{"a state that begins with enabled", "power", "it is not known whether the machine is on"},
	{"reboot by cycle", "exit stdout stderr power login", "an unfinished cycle passes for a fencing: " + notServed},
	{"reboot from off by cycle", "exit stdout power login", "a machine that is off stays off: " + notServed},
	{"off refused", "power", oneRetry},
	{"reboot, on never shows", "power", repeats},

	{"silent, monitor by fenced", "exit stderr", hangsUnderFenced},
	{"wrong password, monitor by fenced", "exit stderr", hangsUnderFenced},
	{"ends a connection before the login", "exit stdout stderr power login", oneRetry},
	{"ends a connection at the login", "exit stdout stderr power login", oneRetry},
	{"ends a connection at a command", "exit stdout stderr power", oneRetry},
}
