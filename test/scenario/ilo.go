package scenario

import (
	"context"
	"fmt"
	"io"
	"net/netip"

	"golang.org/x/crypto/ssh"

	"github.com/oneha/oneha/test/fakeilo"
	"github.com/oneha/oneha/test/fakeredfish"
	"github.com/oneha/oneha/test/lab"
)

// ILO is the stand-in for a node's iLO, beside its ipmi_sim: Redfish and SSH at
// one address, with the node's real power behind them.
type ILO struct {
	Addr    netip.Addr
	Redfish *fakeredfish.BMC
	SSH     *fakeilo.Server
}

// The files on the nodes with which devices log in to an ILO.
const (
	ILOPassword       = "/etc/oneha/ilo"        // a password_file
	ILOPasswordScript = "/etc/oneha/ilo-script" // a password_script, which prints it
	ILOAuthority      = "/etc/oneha/ilo-ca.pem" // an ssl_ca_file, of all of them
)

// What the lab's record calls the stand-ins.
const (
	byRedfish = "redfish"
	bySSH     = "ssh"
)

// AddILO gives a node an iLO at an address of the BMC network.
func AddILO(c *lab.Cluster, n *lab.Node, addr netip.Addr) (*ILO, error) {
	ilo := &ILO{Addr: addr}
	err := c.AddBMC(addr, func() (b io.Closer, err error) {
		ilo.Redfish, err = fakeredfish.Start(fakeredfish.Options{Address: netip.AddrPortFrom(addr, 443).String(), Supply: n.Supply(byRedfish)})
		return ilo.Redfish, err
	})
	if err != nil {
		return nil, err
	}
	err = c.AddBMC(addr, func() (b io.Closer, err error) {
		ilo.SSH, err = fakeilo.New(fakeilo.Options{Listen: netip.AddrPortFrom(addr, 22).String(), Supply: n.Supply(bySSH)}, nil)
		return closer(func() { ilo.SSH.Close() }), err
	})
	if err != nil {
		return nil, err
	}
	return ilo, nil
}

// InstallILO puts the files onto the nodes.
func InstallILO(ctx context.Context, c *lab.Cluster, ilos ...*ILO) error {
	var authorities string
	for _, ilo := range ilos {
		authorities += string(ilo.Redfish.CA)
	}
	for _, f := range []struct{ path, text, mode string }{
		{ILOPassword, fakeilo.Password + "\n", "600"},
		{ILOPasswordScript, "#!/bin/sh\nexec cat " + ILOPassword + "\n", "700"},
		{ILOAuthority, authorities, "644"},
	} {
		if err := WriteFile(ctx, c, f.path, f.text, f.mode); err != nil {
			return err
		}
	}
	return nil
}

// HostKey is the fingerprint that the iLO shows.
func (i *ILO) HostKey() string { return ssh.FingerprintSHA256(i.SSH.HostKeys()[0]) }

type closer func()

func (c closer) Close() error { c(); return nil }

// Device is a device of that agent for the node that the iLO switches. Old gives
// the options the names that the stock agents had first.
func (i *ILO) Device(agent, target string, old bool) (FenceDevice, error) {
	names, secret := []string{"ip", "username", "password_file"}, ILOPassword
	if old {
		names, secret = []string{"ipaddr", "login", "passwd_script"}, ILOPasswordScript
	}
	d := FenceDevice{Agent: agent, Target: target, Options: []string{names[0] + "=" + i.Addr.String(), names[1] + "=" + fakeilo.Username, names[2] + "=" + secret}}
	switch agent {
	case "fence_bmc_redfish":
		d.ID, d.BMC, d.Options = "redfish-"+target, byRedfish, append(d.Options, "ssl_ca_file="+ILOAuthority)
	case "fence_bmc_ilo":
		d.ID, d.BMC, d.Options = "ilo-"+target, byRedfish, append(d.Options, "ssl_ca_file="+ILOAuthority)
	case "fence_bmc_ilo_ssh":
		d.ID, d.BMC, d.Options = "ilossh-"+target, bySSH, append(d.Options, "host_key="+i.HostKey())
	default:
		return d, fmt.Errorf("an iLO has no %s", agent)
	}
	return d, nil
}
