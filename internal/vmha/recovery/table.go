package recovery

import (
	"strings"

	"github.com/oneha/oneha/internal/one"
)

// Parts that many rows share.
var (
	nothing = Outcome{Nothing: true}
	again   = Outcome{Again: true}
	refused = Outcome{Refused: true}
)

const (
	hardCancel  = "oned asks the driver to destroy the domain: a graceful end becomes a hard one"
	deadHost    = "it is booted on the host it was to leave, which is dead"
	noSaved     = "oned asks for a restore, and there is no checkpoint: it fails; answer failure first, then retry"
	anyDetach   = "oned takes every answer for that of an attach: after a detach it keeps the device in the record"
	dropsDevice = "oned takes every answer for that of an attach: after a detach it drops the device from the record"
	asMigration = "it is saved for a migration even when a poweroff before one was asked for"
	notUndone   = "oned takes what was begun for done: the record then says what no disk says"

	diskKept   = "the snapshot is in its record"
	diskGone   = "the snapshot goes from its record"
	imageReady = "the image counts as ready"
	imageError = "the image is in ERROR"
	newSize    = "with the new size in its record"
	oldSize    = "the size in its record is the old one again"
	backSource = "back on the source. oned asks for a restore there, also after a poweroff: without a checkpoint it fails"
)

func to(state string) Outcome            { return Outcome{To: state} }
func then(state, what string) Outcome    { return Outcome{To: state, Then: what} }
func trap(o Outcome, why string) Outcome { o.Trap = why; return o }
func redo(what string) Outcome           { return Outcome{Again: true, Then: what} }

// at is a row of a state outside ACTIVE.
func at(state int, short, doing string, success, failure, retry Outcome) State {
	name, waits := one.StateOf(state, 0)
	return State{State: state, Name: name, Short: short, Kind: kindOf(name, waits), Doing: doing, success: success, failure: failure, retry: retry}
}

// lcm is a row of a state of the life-cycle manager; since is the first release that
// has it, "" for all since 4.14.
func lcm(n int, short, since, doing string, success, failure, retry Outcome) State {
	s := at(Active, short, doing, success, failure, retry)
	name, waits := one.StateOf(Active, n)
	s.LCM, s.Name, s.Kind, s.Since = n, name, kindOf(name, waits), since
	return s
}

func kindOf(name string, waits bool) Kind {
	switch {
	case waits:
		return Waits
	case strings.HasSuffix(name, "_FAILURE"):
		return Failed
	case name == "UNKNOWN":
		return Monitored
	}
	return Rest
}

// until marks a row that later releases do not have any more.
func until(release string, s State) State { s.Until = release; return s }

// States are all states that a release from 4.14 to 7.4 has, those outside ACTIVE
// first, then by LCM_STATE. 13 and 14 were retired long before 4.14.
var States = []State{
	at(Init, "init", "is being made by oned itself", refused, refused, refused),
	at(Pending, "pend", "waits for the scheduler", refused, refused, refused),
	at(Hold, "hold", "waits until somebody releases it", refused, refused, refused),
	at(Stopped, "stop", "is saved, its disks are in the datastore", refused, refused, refused),
	at(Suspended, "susp", "is saved on its host", refused, refused, refused),
	at(Done, "done", "is gone", refused, refused, refused),
	at(7, "fail", "is a state of old releases", refused, refused, refused),
	at(Poweroff, "poff", "is off, its disks are on its host", refused, refused, refused),
	at(Undeployed, "unde", "is off, its disks are in the datastore", refused, refused, refused),
	at(Cloning, "clon", "waits for its images to be cloned", refused, refused, refused),
	at(CloningFailure, "fail", "could not clone an image",
		then("PENDING", "or HOLD, if its images are ready by now; else it stays"), then("PENDING", "or HOLD, if its images are ready by now; else it stays"), refused),

	lcm(0, "init", "", "is between two states", nothing, nothing, nothing),
	lcm(1, "prol", "", "its disks are brought to the host", then("BOOT", "it is deployed, whether its disks are there or not"), to("PROLOG_FAILURE"), redo("all its disks are brought again")),
	lcm(2, "boot", "", "the hypervisor is starting it", to("RUNNING"), to("BOOT_FAILURE"), redo("it is deployed once more")),
	lcm(3, "runn", "", "runs", nothing, nothing, nothing),
	lcm(4, "migr", "", "is being migrated live", then("RUNNING", "on the target"), then("RUNNING", "on the source"), redo("it is migrated once more")),
	lcm(5, "save", "", "is being saved, to be stopped", to("EPILOG_STOP"), to("RUNNING"), redo("it is saved once more")),
	lcm(6, "save", "", "is being saved, to be suspended", to("SUSPENDED"), to("RUNNING"), redo("it is saved once more")),
	lcm(7, "save", "", "is being saved or stopped, to be moved", to("PROLOG_MIGRATE"), then("RUNNING", "on the source"), trap(redo("it is saved once more"), asMigration)),
	lcm(8, "migr", "", "its disks are moved to another host", then("BOOT_MIGRATE", "or BOOT when it was powered off to be moved; on the target"), to("PROLOG_MIGRATE_FAILURE"), redo("its disks are moved again")),
	lcm(9, "prol", "", "its disks and checkpoint are brought to the host", to("BOOT_STOPPED"), to("PROLOG_RESUME_FAILURE"), redo("they are brought again")),
	lcm(10, "epil", "", "its disks and checkpoint are taken from the host", to("STOPPED"), to("EPILOG_STOP_FAILURE"), redo("they are taken again")),
	lcm(11, "epil", "", "its disks are cleaned up, persistent ones brought back", then("DONE", "whether its persistent disks were brought back or not"), to("EPILOG_FAILURE"), redo("they are cleaned up again")),
	lcm(12, "shut", "", "is being shut down, to be terminated", to("EPILOG"), to("RUNNING"), trap(redo("it is shut down once more"), "unless it was terminated gracefully, "+hardCancel)),
	lcm(15, "clea", "", "its host is cleaned up, to be deployed anew", to("PENDING"), to("PENDING"), nothing),
	lcm(16, "unkn", "", "nobody knows: its host does not answer, or does not know it", to("RUNNING"), to("RUNNING"), nothing),
	lcm(17, "hotp", "", "a disk is attached or detached, or its configuration is changed", trap(then("RUNNING", "the disk stays in its record"), anyDetach), trap(then("RUNNING", "the disk is dropped from its record"), dropsDevice), nothing),
	lcm(18, "shut", "", "is being shut down, to be off", to("POWEROFF"), to("RUNNING"), trap(again, hardCancel)),
	lcm(19, "boot", "", "is being started again after nobody knew", to("RUNNING"), to("UNKNOWN"), redo("it is deployed once more")),
	lcm(20, "boot", "", "is being started again", to("RUNNING"), to("POWEROFF"), redo("it is deployed once more")),
	lcm(21, "boot", "", "is being restored from its checkpoint", to("RUNNING"), to("SUSPENDED"), redo("it is restored once more")),
	lcm(22, "boot", "", "is being restored from its checkpoint", to("RUNNING"), to("BOOT_STOPPED_FAILURE"), redo("it is restored once more")),
	lcm(23, "clea", "", "its host is cleaned up, it is to be gone", to("DONE"), to("DONE"), nothing),
	lcm(24, "snap", "", "a snapshot of it is made, reverted or deleted", then("RUNNING", "a snapshot that was to be made stays in its record, one to be deleted goes"), then("RUNNING", "a snapshot that was to be made goes from its record, one to be deleted stays"), nothing),
	lcm(25, "hotp", "", "a NIC is attached, detached or changed", trap(then("RUNNING", "the NIC stays in its record"), anyDetach), trap(then("RUNNING", "the NIC is dropped from its record"), dropsDevice), nothing),
	lcm(26, "hotp", "", "a disk is copied to a new image", then("RUNNING", imageReady), then("RUNNING", imageError), nothing),
	lcm(27, "hotp", "", "a disk is copied to a new image", then("POWEROFF", imageReady), then("POWEROFF", imageError), nothing),
	lcm(28, "hotp", "", "a disk is copied to a new image", then("SUSPENDED", imageReady), then("SUSPENDED", imageError), nothing),
	lcm(29, "shut", "", "is being shut down, to be undeployed", to("EPILOG_UNDEPLOY"), to("RUNNING"), trap(again, hardCancel)),
	lcm(30, "epil", "", "its disks are taken from the host", to("UNDEPLOYED"), to("EPILOG_UNDEPLOY_FAILURE"), redo("they are taken again")),
	lcm(31, "prol", "", "its disks are brought back to a host", to("BOOT_UNDEPLOY"), to("PROLOG_UNDEPLOY_FAILURE"), redo("they are brought again")),
	lcm(32, "boot", "", "the hypervisor is starting it after an undeploy", to("RUNNING"), to("BOOT_UNDEPLOY_FAILURE"), trap(redo("it is restored"), noSaved)),
	lcm(33, "hotp", "", "a disk is brought to it", then("POWEROFF", "with the disk"), then("POWEROFF", "without the disk"), nothing),
	lcm(34, "hotp", "", "a disk is taken from it", then("POWEROFF", "without the disk"), then("POWEROFF", "with the disk"), nothing),
	lcm(35, "boot", "", "is being restored on another host", to("RUNNING"), to("BOOT_MIGRATE_FAILURE"), redo("it is restored once more")),
	lcm(36, "fail", "", "could not be started", to("RUNNING"), nothing, then("BOOT", "it is deployed")),
	lcm(37, "fail", "", "could not be restored on another host", to("RUNNING"), nothing, then("BOOT_MIGRATE", "it is restored")),
	lcm(38, "fail", "", "its disks could not be moved", then("BOOT_MIGRATE", "or BOOT when it was powered off to be moved; on the target, whether its disks are there or not"), then("BOOT_MIGRATE", backSource), then("PROLOG_MIGRATE", "its disks are moved again")),
	lcm(39, "fail", "", "its disks could not be brought to the host", then("BOOT", "it is deployed, whether its disks are there or not"), nothing, then("PROLOG", "its disks are brought again")),
	lcm(40, "fail", "", "its disks could not be cleaned up", then("DONE", "whether its persistent disks were brought back or not"), nothing, then("EPILOG", "they are cleaned up again")),
	lcm(41, "fail", "", "its disks and checkpoint could not be taken from the host", to("STOPPED"), nothing, to("EPILOG_STOP")),
	lcm(42, "fail", "", "its disks could not be taken from the host", to("UNDEPLOYED"), nothing, to("EPILOG_UNDEPLOY")),
	lcm(43, "migr", "", "its disks are moved to another host while it is off", then("POWEROFF", "on the target"), to("PROLOG_MIGRATE_POWEROFF_FAILURE"), redo("its disks are moved again")),
	lcm(44, "fail", "", "its disks could not be moved", then("POWEROFF", "on the target, whether its disks are there or not"), then("POWEROFF", "on the source"), to("PROLOG_MIGRATE_POWEROFF")),
	lcm(45, "migr", "", "its disks are moved to another host while it is suspended", then("SUSPENDED", "on the target"), to("PROLOG_MIGRATE_SUSPEND_FAILURE"), redo("its disks are moved again")),
	lcm(46, "fail", "", "its disks could not be moved", then("SUSPENDED", "on the target, whether its disks are there or not"), then("SUSPENDED", "on the source"), to("PROLOG_MIGRATE_SUSPEND")),
	lcm(47, "fail", "", "could not be started after an undeploy", to("RUNNING"), nothing, then("BOOT_UNDEPLOY", "it is deployed")),
	lcm(48, "fail", "", "could not be restored", to("RUNNING"), nothing, then("BOOT_STOPPED", "it is restored")),
	lcm(49, "fail", "", "its disks and checkpoint could not be brought to the host", to("BOOT_STOPPED"), nothing, to("PROLOG_RESUME")),
	lcm(50, "fail", "", "its disks could not be brought back to a host", to("BOOT_UNDEPLOY"), nothing, to("PROLOG_UNDEPLOY")),
	lcm(51, "snap", "", "a snapshot of a disk is made", then("POWEROFF", diskKept), then("POWEROFF", diskGone), nothing),
	lcm(52, "snap", "", "a disk is reverted to a snapshot", trap(then("POWEROFF", "the snapshot counts as the active one; where snapshots are in a line the younger ones go from the record"), notUndone), then("POWEROFF", "the record stays as it was"), nothing),
	lcm(53, "snap", "", "a snapshot of a disk is deleted", then("POWEROFF", diskGone), then("POWEROFF", diskKept), nothing),
	lcm(54, "snap", "", "a snapshot of a disk is made", then("SUSPENDED", diskKept), then("SUSPENDED", diskGone), nothing),
	until("6.6", lcm(55, "snap", "", "a disk is reverted to a snapshot", trap(then("SUSPENDED", "the snapshot counts as the active one"), notUndone), then("SUSPENDED", "the record stays as it was"), nothing)),
	lcm(56, "snap", "", "a snapshot of a disk is deleted", then("SUSPENDED", diskGone), then("SUSPENDED", diskKept), nothing),
	lcm(57, "snap", "", "a snapshot of a disk is made", then("RUNNING", diskKept), then("RUNNING", diskGone), nothing),
	until("4.14", lcm(58, "snap", "", "a disk is reverted to a snapshot", trap(then("RUNNING", "the snapshot counts as the active one"), notUndone), then("RUNNING", "the record stays as it was"), nothing)),
	lcm(59, "snap", "", "a snapshot of a disk is deleted", then("RUNNING", diskGone), then("RUNNING", diskKept), nothing),
	lcm(60, "migr", "5.0", "is brought from a dead host to another", then("BOOT", "on the target"), to("PROLOG_MIGRATE_UNKNOWN_FAILURE"), again),
	lcm(61, "fail", "5.0", "could not be brought from a dead host to another", then("BOOT", "on the target"), trap(then("BOOT", "on the source"), deadHost), to("PROLOG_MIGRATE_UNKNOWN")),
	lcm(62, "drsz", "5.4", "a disk is made larger", then("RUNNING", newSize), then("RUNNING", oldSize), nothing),
	lcm(63, "drsz", "5.4", "a disk is made larger", then("POWEROFF", newSize), then("POWEROFF", oldSize), nothing),
	lcm(64, "drsz", "5.4", "a disk is made larger", then("UNDEPLOYED", newSize), then("UNDEPLOYED", oldSize), nothing),
	lcm(65, "hotp", "5.12", "a NIC is attached or detached", trap(then("POWEROFF", "the NIC stays in its record"), anyDetach), trap(then("POWEROFF", "the NIC is dropped from its record"), dropsDevice), nothing),
	lcm(66, "hotp", "6.0", "is given more or less CPU or memory", then("RUNNING", "with the new capacity in its record"), then("RUNNING", "with the old capacity in its record"), nothing),
	lcm(67, "hotp", "6.0", "a disk is copied to a new image", then("UNDEPLOYED", imageReady), then("UNDEPLOYED", imageError), nothing),
	lcm(68, "hotp", "6.0", "a disk is copied to a new image", then("STOPPED", imageReady), then("STOPPED", imageError), nothing),
	lcm(69, "back", "6.6", "a backup of it is made", then("RUNNING", "oned tries to register the backup"), to("RUNNING"), nothing),
	lcm(70, "back", "6.6", "a backup of it is made", then("POWEROFF", "oned tries to register the backup"), to("POWEROFF"), nothing),
	lcm(71, "rest", "6.10", "its disks are restored from a backup", trap(then("POWEROFF", "its snapshots go from its record, and the next backup is a full one"), notUndone), then("POWEROFF", "the record stays as it was"), nothing),
}
