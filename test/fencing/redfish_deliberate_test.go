package fencing

// What several rows have in common.
const (
	redfishReboots = "fence_redfish passes over the line and reboots, its default; ours refuses what may have been meant as the action"
	neverGuessed   = "the last of several systems is a guess: ours fails and says how to name one"
	namesSystem    = "a plug that is not the node's name names the system, and there must be one of that name"
	askedAgain     = "one failed request is tried once more"
	boundedSteps   = "every step has a time limit"
)

// redfishOnly are the differences of fence_bmc_redfish alone, which has to find the
// system, each with its reason. An iLO has one, whose path is known.
var redfishOnly = []deliberate{
	{"two systems, status", "exit stdout stderr", neverGuessed},
	{"two systems, off", "exit stdout stderr power", neverGuessed},
	{"two systems, off of the first by plug", "power", namesSystem},
	{"plug, which is no node by p*=n1", "exit stdout stderr", namesSystem},
	{"plug, which is no node by -*", "login", namesSystem},
	{"list", "login", "nothing is to be asked"},
	{"500", "stderr", "a failure says why"},
}

// redfishDeliberates are the differences of both agents for Redfish, each with its
// reason.
var redfishDeliberates = []deliberate{
	{"another state", "exit stdout stderr", "a state that is neither on nor off is not on"},
	{"reboot, on refused", "power", "a reset type that the BMC does not list is not sent"},
	{"off not among the reset types", "power", "a reset type that the BMC does not list is not sent"},
	{"diag", "stdout", "a diagnostic interrupt is no reboot"},
	{"diag refused", "exit stdout stderr", "the status of an answer is looked at"},
	{"list", "stdout stderr", "fenced takes words on standard output for names of machines, and the BMC knows none"},

	{"off refused once", "exit stdout stderr power", askedAgain},
	{"500 once", "exit stdout stderr power", askedAgain},
	{"breaks the connection once", "exit stdout stderr power", askedAgain},
	{"silent", "exit stderr", boundedSteps},
	{"silent, monitor by fenced", "exit stderr", boundedSteps},
	{"deaf", "exit stderr", boundedSteps},

	{"very old action", "exit stdout power login", redfishReboots},
	{"spaces around =", "exit stdout power login", redfishReboots},
	{"action as a word", "exit stdout power login", redfishReboots},
	{"ssl off by ssl=0", "exit stdout stderr login", "a truth value is really read, and without TLS the password would be readable"},
	{"ssl_insecure off, wrong certificate by ssl_insecure=0", "exit stdout stderr login", readBoolean},
	{"redfish_uri of nothing by *", "stderr login", notServed},
}
