package one

import "strconv"

// States of a virtual machine outside ACTIVE that this package knows by meaning
// (include/VirtualMachine.h, enum VmState).
const (
	stateActive  = 3
	stateDone    = 6
	stateCloning = 10
)

// states are the names of STATE, by number.
var states = [...]string{
	"INIT", "PENDING", "HOLD", "ACTIVE", "STOPPED", "SUSPENDED", "DONE", "FAILED", "POWEROFF", "UNDEPLOYED", "CLONING", "CLONING_FAILURE",
}

// lcmState is a state of the life-cycle manager, which an ACTIVE virtual machine is
// in.
type lcmState struct {
	name  string
	waits bool // for the answer of a driver: it is lost when oned dies, and oned never asks again
}

// lcmStates are the states by number (enum LcmState), of every release since 4.14.
// UNKNOWN waits for the monitoring, which comes again by itself, and a failure for a
// person.
var lcmStates = [...]lcmState{
	0:  {"LCM_INIT", false},
	1:  {"PROLOG", true},
	2:  {"BOOT", true},
	3:  {"RUNNING", false},
	4:  {"MIGRATE", true},
	5:  {"SAVE_STOP", true},
	6:  {"SAVE_SUSPEND", true},
	7:  {"SAVE_MIGRATE", true},
	8:  {"PROLOG_MIGRATE", true},
	9:  {"PROLOG_RESUME", true},
	10: {"EPILOG_STOP", true},
	11: {"EPILOG", true},
	12: {"SHUTDOWN", true},
	13: {"CANCEL", true},
	14: {"FAILURE", false},
	15: {"CLEANUP_RESUBMIT", true},
	16: {"UNKNOWN", false},
	17: {"HOTPLUG", true},
	18: {"SHUTDOWN_POWEROFF", true},
	19: {"BOOT_UNKNOWN", true},
	20: {"BOOT_POWEROFF", true},
	21: {"BOOT_SUSPENDED", true},
	22: {"BOOT_STOPPED", true},
	23: {"CLEANUP_DELETE", true},
	24: {"HOTPLUG_SNAPSHOT", true},
	25: {"HOTPLUG_NIC", true},
	26: {"HOTPLUG_SAVEAS", true},
	27: {"HOTPLUG_SAVEAS_POWEROFF", true},
	28: {"HOTPLUG_SAVEAS_SUSPENDED", true},
	29: {"SHUTDOWN_UNDEPLOY", true},
	30: {"EPILOG_UNDEPLOY", true},
	31: {"PROLOG_UNDEPLOY", true},
	32: {"BOOT_UNDEPLOY", true},
	33: {"HOTPLUG_PROLOG_POWEROFF", true},
	34: {"HOTPLUG_EPILOG_POWEROFF", true},
	35: {"BOOT_MIGRATE", true},
	36: {"BOOT_FAILURE", false},
	37: {"BOOT_MIGRATE_FAILURE", false},
	38: {"PROLOG_MIGRATE_FAILURE", false},
	39: {"PROLOG_FAILURE", false},
	40: {"EPILOG_FAILURE", false},
	41: {"EPILOG_STOP_FAILURE", false},
	42: {"EPILOG_UNDEPLOY_FAILURE", false},
	43: {"PROLOG_MIGRATE_POWEROFF", true},
	44: {"PROLOG_MIGRATE_POWEROFF_FAILURE", false},
	45: {"PROLOG_MIGRATE_SUSPEND", true},
	46: {"PROLOG_MIGRATE_SUSPEND_FAILURE", false},
	47: {"BOOT_UNDEPLOY_FAILURE", false},
	48: {"BOOT_STOPPED_FAILURE", false},
	49: {"PROLOG_RESUME_FAILURE", false},
	50: {"PROLOG_UNDEPLOY_FAILURE", false},
	51: {"DISK_SNAPSHOT_POWEROFF", true},
	52: {"DISK_SNAPSHOT_REVERT_POWEROFF", true},
	53: {"DISK_SNAPSHOT_DELETE_POWEROFF", true},
	54: {"DISK_SNAPSHOT_SUSPENDED", true},
	55: {"DISK_SNAPSHOT_REVERT_SUSPENDED", true},
	56: {"DISK_SNAPSHOT_DELETE_SUSPENDED", true},
	57: {"DISK_SNAPSHOT", true},
	58: {"DISK_SNAPSHOT_REVERT", true},
	59: {"DISK_SNAPSHOT_DELETE", true},
	60: {"PROLOG_MIGRATE_UNKNOWN", true},
	61: {"PROLOG_MIGRATE_UNKNOWN_FAILURE", false},
	62: {"DISK_RESIZE", true},
	63: {"DISK_RESIZE_POWEROFF", true},
	64: {"DISK_RESIZE_UNDEPLOYED", true},
	65: {"HOTPLUG_NIC_POWEROFF", true},
	66: {"HOTPLUG_RESIZE", true},
	67: {"HOTPLUG_SAVEAS_UNDEPLOYED", true},
	68: {"HOTPLUG_SAVEAS_STOPPED", true},
	69: {"BACKUP", true},
	70: {"BACKUP_POWEROFF", true},
	71: {"RESTORE", true},
}

// StateOf is the name of a virtual machine's state and whether it waits for the
// answer of a driver. A number that no release has yet waits: better to name a
// machine too many than to miss one.
func StateOf(state, lcm int) (name string, waits bool) {
	switch {
	case state == stateActive && lcm >= 0 && lcm < len(lcmStates):
		return lcmStates[lcm].name, lcmStates[lcm].waits
	case state == stateActive:
		return "LCM_STATE " + strconv.Itoa(lcm), true
	case state >= 0 && state < len(states):
		return states[state], state == stateCloning
	}
	return "STATE " + strconv.Itoa(state), true
}
