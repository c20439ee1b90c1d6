package agents

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/oneha/oneha/internal/vip"
	"github.com/oneha/oneha/ocf"
)

// vipError gives an error of the mechanism its exit code.
//
// An interface or a namespace that is missing is the fault of this node, not of
// the configuration: IPaddr2's 6 would keep the address from every node, 5 moves
// it to one that has the interface. No route, or several, is a state of this node
// that may change: 1, as in IPaddr2.
func vipError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, vip.ErrNoNic):
		return ocf.Installed(err.Error() + ": see parameter nic")
	case errors.Is(err, vip.ErrNoNamespace):
		return ocf.Installed(err.Error() + ": see parameter network_namespace")
	case errors.Is(err, vip.ErrLabel):
		return ocf.Configured("iflabel", "gives a label the kernel refuses: "+err.Error())
	case errors.Is(err, vip.ErrAmbiguous):
		return ocf.Failed("set nic", err)
	case errors.Is(err, vip.ErrNoRoute):
		return ocf.Failed("set nic and cidr_netmask", err)
	case errors.Is(err, unix.EPERM):
		return ocf.Perm(fmt.Sprintf("not permitted, run as root: %v", err))
	default:
		return err
	}
}
