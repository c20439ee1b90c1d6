package fencing

// What several rows have in common.
const (
	assumesReboot = "fence_ipmilan passes over the line and reboots, its default; ours refuses what may have been meant as the action"
	readBoolean   = "a truth value is really read"
	strictBoolean = "a word that is no truth value is an error"
	lanplusOn     = "lanplus is on by default"
	oldFlags      = "old names are understood as long flags too"
	noIpmitool    = "ipmitool is run for hexadecimal_kg and target only, and never by sudo"
	readable      = "it would send the password readable or not at all, so it is refused with the reason"
	notServed     = "refused with the reason before the BMC is contacted"
	repeats       = "a command that does not show is repeated within power_timeout, in case it was lost"
)

// deliberates are all differences, each with its reason.
var deliberates = []deliberate{
	{"very old action", "exit stdout power login", assumesReboot},
	{"spaces around =", "exit stdout power login", assumesReboot},
	{"capital Action", "exit stdout power login", assumesReboot},
	{"unknown option, no action", "exit stdout power login", assumesReboot},
	{"action as a word", "exit stdout power login", assumesReboot},
	{"fenced sends no action", "exit stdout stderr power login", "fenced always sends one: its input was cut off"},
	{"wrong action, then a right one", "exit stdout stderr login", "a wrong action is never hidden by a right one"},

	{"action=list by *", "stdout stderr", "fenced takes words on standard output for names of machines, so the notice goes to standard error"},
	{"action=list-status by *", "stdout stderr", "fenced takes words on standard output for names of machines, so the notice goes to standard error"},

	{"quiet=0 (password=wrong) by quiet=", "stderr", readBoolean},
	{"port_as_ip=0 (plug=127.0.0.9) by port_as_ip=", "exit stdout stderr login", readBoolean},
	{"help=0 by help=", "login", readBoolean},
	{"version=0 by version=", "login", readBoolean},
	{"use_sudo=0 by *", "exit stdout stderr login", readBoolean + ", and " + noIpmitool},
	{"quiet=maybe by quiet=", "exit stdout login", strictBoolean},
	{"port_as_ip=maybe by port_as_ip=", "exit stdout login", strictBoolean},
	{"lanplus=maybe (cipher=) by lanplus=", "exit stdout login", strictBoolean},
	{"verbose_level=x by *", "exit stdout login", "a value that is not understood is an error, as with every other option"},
	{"verbose=0 by verbose=", "stderr", "off is not worth a warning"},
	{"verbose=1 (quiet=1) by *", "stderr", "who asks to see each step sees them"},
	{"debug_file=/nonexistent/debug by *", "exit stdout login", "a log that cannot be written is a warning, not a failed fencing"},
	{"delay=0.5 by *", "exit stdout stderr login", "times may have a fraction"},

	{"* by --ipaddr=", "exit stdout stderr login", oldFlags},
	{"* by --login=", "exit stdout stderr login", oldFlags},
	{"* by --passwd=", "exit stdout stderr login", oldFlags},
	{"* by --passwd-script=", "exit stdout stderr login", oldFlags},
	{"plug=n1 by -*", "exit stdout stderr login", "accepted and unused, as on standard input"},

	{"IPMI 2.0 is not asked for", "login", lanplusOn},
	{"auth=md5 (lanplus= cipher=) by *", "login", lanplusOn},
	{"auth=* (lanplus=0 cipher=) by -*", "login", lanplusOn + "; the command line common to both has no flag against it"},
	{"auth=password (lanplus=0 cipher=) by auth=", "exit stdout stderr login", readable},
	{"auth=none (lanplus=0 cipher=) by auth=", "exit stdout stderr login", readable},
	{"cipher=0 by *", "exit stdout stderr login", "suite 0 lets anybody in"},
	{"cipher=1 by *", "exit stdout stderr login", "a suite without integrity lets anybody on the way change a command"},
	{"no user name, no password", "login", "the BMC says that it has no user without a name"},
	{"password_script=false by *", "login", "a script that fails or prints nothing has no password to offer"},
	{"target=0x24 (off, lanplus=0 cipher=) by --target=", "login", lanplusOn + "; the command line common to both has no flag against it"},
	{"hexadecimal_kg=* (off, lanplus=0 cipher=) by *", "exit stdout stderr power login", "IPMI 1.5 has no BMC key, and fence_ipmilan passes it over; lanplus is on by default on the command line"},
	{"hexadecimal_kg=00ff (off) by *", "exit stdout stderr power login", "ipmitool takes a key that begins with a zero byte for none: " + notServed},
	{"hexadecimal_kg=c0ff00ee (off) by *", "login", "an environment cannot carry a zero byte, and arguments would show the key: " + notServed},
	{"method=cycle (reboot) by *", "exit stdout stderr power login", "a machine that is off stays off, and an unfinished cycle passes for a fencing: " + notServed},
	{"ipmitool_path=/nonexistent/ipmitool by *", "exit stdout stderr login", noIpmitool},
	{"use_sudo=1 by *", "exit stdout stderr login", noIpmitool},

	{"off never shows", "power", repeats},
	{"reboot, off never shows", "power", repeats},
	{"reboot, on never shows", "power", repeats},
	{"retry_on=0 (reboot) by *", "stderr power", "retry_on counts repetitions: with 0 fence_ipmilan never switches on again"},
}
