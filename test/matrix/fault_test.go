package matrix

// fault is a way in which a device misbehaves, or a mistake of whoever set the
// agent up.
type fault string

const (
	none          fault = "none"
	slow          fault = "slow"
	silent        fault = "silent"
	closed        fault = "closed"
	loginLost     fault = "login lost"
	loginLostOnce fault = "login lost once"
	sessionLost   fault = "session lost"
	answerLost    fault = "answer lost"
	restarts      fault = "restarts"
	away          fault = "away"
	late          fault = "late"
	tooLate       fault = "too late"
	offIgnored    fault = "off ignored"
	onIgnored     fault = "on ignored"
	offRefused    fault = "off refused"
	onRefused     fault = "on refused"
	bounce        fault = "bounce"
	between       fault = "between"
	unknown       fault = "unknown"
	password      fault = "password"
	privilege     fault = "privilege"
	identity      fault = "identity"
	failing       fault = "failing"
	busy          fault = "busy"
	garbage       fault = "garbage"
)

// row is a fault with what a person is told about it.
type row struct {
	fault fault
	what  string
	only  []string // columns that it can touch; nil is all
}

// rows are all faults in the order of the page: the network, the machine's power,
// the set-up, what the device says.
var rows = []row{
	{none, "nothing is wrong", nil},
	{slow, "every answer is late, within the limits", nil},
	{silent, "it never answers", nil},
	{closed, "nobody listens at the port", nil},
	{loginLost, "it breaks off every login", nil},
	{loginLostOnce, "it breaks off the first login", nil},
	{sessionLost, "it forgets the session, once", nil},
	{answerLost, "it carries out the first power command, and breaks off instead of answering", []string{"on", "off", "reboot"}},
	{restarts, "it carries out the first power command, and restarts instead of answering", []string{"on", "off", "reboot"}},
	{away, "it answers each power command, and then restarts", []string{"on", "off", "reboot"}},
	{late, "the power changes late, within power_timeout", []string{"on", "off", "reboot"}},
	{tooLate, "the power changes after power_timeout", []string{"on", "off", "reboot"}},
	{offIgnored, "off is accepted and never happens", []string{"off", "reboot"}},
	{onIgnored, "on is accepted and never happens", []string{"on", "reboot"}},
	{offRefused, "off is refused", []string{"off", "reboot"}},
	{onRefused, "on is refused", []string{"on", "reboot"}},
	{bounce, "the machine goes off and comes on again by itself", []string{"off", "reboot"}},
	{between, "it reports a state between on and off for ever", []string{"status, is on", "monitor", "off", "reboot"}},
	{unknown, "it reports a state that nobody knows", nil},
	{password, "the password is wrong", nil},
	{privilege, "the user may only look", nil},
	{identity, "its certificate or host key is not the expected one", nil},
	{failing, "it answers every question with an error", nil},
	{busy, "it is too busy to answer", nil},
	{garbage, "it answers with garbage", nil},
}

// footnotes say what a fault is for each kind of device, where its name does not.
var footnotes = map[fault]string{
	slow:        "60 ms before each answer, of which one call has up to twelve.",
	loginLost:   "IPMI: the last message of each login gets lost. Redfish: each request behind the service root ends in a reset. SSH: the connection ends when the credentials come, which looks like a refusal, so they are offered twice and no more.",
	sessionLost: "IPMI: the answer to the first question is lost and the session gone. Redfish: HTTP 401 to the first question after the login. SSH: the connection ends instead of the answer to the first command.",
	away:        "It is gone for 0.7 s. IPMI: silent, and the sessions are forgotten. Redfish: HTTP 503 with Retry-After. SSH: connections end at once.",
	late:        "1.2 s, with power_timeout=8.",
	tooLate:     "10 s after the last command, with power_timeout=8. By hand, power_timeout decides; in the cluster, the cluster's own time limit.",
	offIgnored:  "In the cluster the agent asks until the cluster ends it (pcmk_off_timeout, pcmk_reboot_timeout): a machine that may go off late is not given up early.",
	onIgnored:   "A reboot whose off was seen is a success: the machine is fenced. That it does not come on again is a warning.",
	offRefused:  "IPMI: completion code 0xff. Redfish: HTTP 400. SSH: status=2, \"Insufficient privilege\".",
	bounce:      "It stays off for 2 s, long enough to be seen. It was off, so its memory is gone and it is fenced.",
	between:     "Redfish: \"PoweringOff\", which still is on. SSH: EnabledState=enabledbutoffline, which is neither. IPMI has one bit and no such state.",
	unknown:     "Redfish: \"Standby\". SSH: EnabledState=2.",
	privilege:   "IPMI with the default privlvl=administrator: the BMC refuses the login, for status as well. privlvl=user logs in and reads the state; the power commands are refused then. SSH: an iLO user without the privilege Virtual Power and Reset.",
	failing:     "IPMI: completion code 0xff to reading the power state. Redfish: HTTP 500. SSH: status=2.",
	busy:        "IPMI: completion code 0xc0 (node busy). Redfish: HTTP 503 with Retry-After.",
}
