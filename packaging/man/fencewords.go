package main

import "github.com/oneha/oneha/fence"

// What the pages of all fence agents say alike; a line break ends a paragraph.

const howItFences = `The cluster runs the agent and writes the options to its standard input. A person may do the same, or give flags; then standard input is not read.
An action that is unknown or malformed, or that is missing beside a line that was not understood, ends with status 1 and the device is left alone. A reboot is off, seen off, then on.`

const howOptionsAreGiven = `On standard input each line is name=value. White space around a line and one pair of double quotes around a value are removed; empty lines and those that begin with # are skipped; the last value of an option counts. A name that is not known is passed over with a warning. A long flag may be cut short as long as it fits one option only. In names, dashes and underscores are alike, and an old name works wherever the name does.
A boolean is 1, yes, on or true, or else 0, no, off or false, in any case. A flag that is shown without a value sets its option, and with =0 clears it.`

const underPacemaker = "Pacemaker sets it to pacemaker-fenced. Then an action must be given; power_timeout bounds only the power on of a reboot, unless disable_timeout=0, because the cluster has a time limit of its own; and diag is refused."

// fenceActions says what the actions do.
var fenceActions = map[string]string{
	fence.ActionOn:          "Switches the machine on and waits until the device reports it. One that is on already is a success.",
	fence.ActionOff:         "Switches the machine off at once, without a shutdown, and waits until the device reports it. One that is off already is a success.",
	fence.ActionReboot:      "Off, then on. It is a success as soon as the machine was seen off: that it does not come on again is only a warning.",
	fence.ActionStatus:      "Prints \"Status: ON\" or \"Status: OFF\", and ends with 0 or 2.",
	fence.ActionMonitor:     "Logs in and reads the power state. It is a success when the device answers, whether the machine is on or off.",
	fence.ActionList:        "Prints nothing, since a device that switches one machine does not know what the cluster calls it; pcmk_host_list or pcmk_host_map tells the cluster.",
	fence.ActionListStatus:  "The same as list.",
	fence.ActionMetadata:    "Prints the agent's metadata as XML.",
	fence.ActionManpage:     "The same as metadata.",
	fence.ActionValidateAll: "Checks the options without contacting the device. A password_script is not run.",
	fence.ActionDiag:        "Sends the machine a diagnostic interrupt (NMI), once, for a crash dump. That switches nothing off, so it does not fence.",
}

// described is a name with its explanation.
type described struct{ name, text string }

var fenceStatuses = []described{
	{"0", "The action succeeded; for status: the machine is on."},
	{"1", "The action failed, or it was not understood. Standard error and syslog say why."},
	{"2", "Status: the machine is off. No other action ends with it."},
}

const secrets = `A password that is an option is in the cluster's configuration, which every member of the group haclient can read, and as a flag it is in the process list. password_file keeps it out of both: a regular file that belongs to root, or to the user that runs the agent, and that nobody else can access; another file is refused. password_script, run by sh with an environment of its own, may fetch it from a vault.
No secret is written to standard output, standard error, syslog or debug_file, however verbose, and the process leaves no core file.`

const account = "Refused credentials are offered at most twice in one call, and once where the cluster only looks, since many devices lock an account after a few failures. Give the account no more than the right to switch the power, and keep the devices in a network of their own."

// optionSecurity is what users of agents with an option must know.
var optionSecurity = map[string]string{
	"lanplus":     "IPMI 2.0 hands anybody who knows a user's name a hash of the password before the login (CVE-2013-4786), so that it can be guessed elsewhere: use a random one of 16 to 20 characters. Cipher suites that let somebody on the way change a command are refused. IPMI 1.5 (lanplus=0) encrypts nothing.",
	"ssl_ca_file": "The device's certificate is verified, by the authorities in ssl_ca_file or else the system's. With ssl_insecure=1 it is not, and whoever answers at the address gets the password.",
	"host_key":    "The device's host key is always checked, by host_key or else by known_hosts. What ssh-keyscan(1) prints is the key of whoever answers: compare it with what the device itself shows. With trust_new_host_key=1 the first key is believed. legacy_algorithms=1 allows what can be broken today.",
}
