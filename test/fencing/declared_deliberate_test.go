package fencing

// What several options have in common.
const (
	noEffect   = "it has no effect, so no value is better than another"
	truthValue = "it is a truth value; the stock agents read it as one too"
	bmcsTake   = "BMCs were seen to take seconds for one answer"
	isPolled   = "the state is polled, so nothing has to be waited out"
)

// declaredDeliberates are all differences between the metadata, each with its
// reason.
var declaredDeliberates = []deliberate{
	{"*: option disable_timeout", "type", truthValue},

	{"* as fence_ipmilan: option cipher", "type", "a cipher suite is a number"},
	{"* as fence_ipmilan: option lanplus", "default", lanplusOn},
	{"* as fence_ipmilan: option power_wait", "default", isPolled},
	{"* as fence_ipmilan: option ipmitool_timeout", "default type", "it is a time; a lost request is sent again sooner"},
	{"* as fence_ipmilan: option shell_timeout", "default", bmcsTake},
	{"* as fence_ipmilan: option sudo_path", "default", noEffect},

	{"fence_bmc_redfish as fence_redfish: option login_timeout", "default", bmcsTake},
	{"fence_bmc_ilo as fence_redfish: option login_timeout", "default", bmcsTake},
	{"* as fence_redfish: option shell_timeout", "default", bmcsTake},
	{"* as fence_redfish: option gnutlscli_path", "default", noEffect},
	{"fence_bmc_ilo as fence_redfish: option systems?uri", "default", "an iLO has one system, always there"},

	{"* as fence_ilo: option shell_timeout", "default", bmcsTake},
	{"* as fence_ilo: option gnutlscli_path", "default", noEffect},
	{"* as fence_ilo: option retry_on", "default", "the reset of an iLO over Redfish says whether it was taken, a press of its button does not"},

	{"* as fence_ilo_ssh: option ssh", "default", "there is no telnet, so ssh is on by default"},
	{"* as fence_ilo_ssh: option secure", "default", "there is no telnet, so ssh is on by default"},
	{"* as fence_ilo_ssh: option ipport", "default", "the port of SSH; the stock agent takes it too where ssh is set"},
	{"* as fence_ilo_ssh: option c*prompt", "default", "the prompts of all iLOs are known without it"},
	{"* as fence_ilo_ssh: option login_timeout", "default", bmcsTake},
	{"* as fence_ilo_ssh: option shell_timeout", "default", bmcsTake},
	{"* as fence_ilo_ssh: option power_wait", "default", isPolled},
	{"* as fence_ilo_ssh: option ssh_path", "default", noProgram},
	{"* as fence_ilo_ssh: option telnet_path", "default", noProgram},
}
