package fenceagent

import (
	"context"
	"errors"

	"github.com/oneha/oneha/fence"
	"github.com/oneha/oneha/internal/bmc"
)

// iloSSHAgent takes the place of fence_ilo_ssh: every option of it is understood.
// What that agent leaves to luck is not: which host key is the device's, and
// whether telnet carries the password.
var iloSSHAgent = fence.Agent{
	Name:  "fence_bmc_ilo_ssh",
	Short: "Fence agent for HPE iLO over SSH",
	Long: "fence_bmc_ilo_ssh is a fence agent for HPE machines whose iLO, or Integrity's management processor, has a command line over SSH. " +
		"It takes the options of fence_ilo_ssh and needs neither ssh nor telnet. " +
		"The host key is always checked: set host_key to the fingerprint that the iLO shows, or put its key into known_hosts, which is root's file when not set. " +
		"Off and reboot succeed only after the iLO reported that the power is off.",
	Options: append([]fence.Option{fence.MethodOption()}, fence.SSHOptions()...),
	// An iLO may need ten seconds for a login, and a few for an answer.
	Defaults: map[string]string{"ipport": "22", "known_hosts": "/root/.ssh/known_hosts", "login_timeout": "15", "shell_timeout": "10"},
	Login:    append([]string{"identity_file"}, fence.ByPassword...),
	Validate: validateILOSSH,
	Open:     openILOSSH,
}

func validateILOSSH(req *fence.Request) error {
	switch {
	case req.String("method") == "cycle":
		return errors.New("method=cycle is not served: a machine that is off would stay off and an unfinished cycle would pass for a fencing; remove method or set it to onoff")
	case !req.Bool("ssh"):
		return errors.New("ssh=0 means telnet, which is not served: it would send the password readable; remove ssh or set it to 1")
	case req.Bool("inet4_only") && req.Bool("inet6_only"):
		return errors.New("inet4_only and inet6_only are both set: remove one of them")
	}
	c := iloSSHConfig(req)
	if c.Password == "" && req.Secret("password_script").Reveal() != "" {
		c.Password = "not read" // validate-all does not run the script
	}
	return c.Check()
}

func iloSSHConfig(req *fence.Request) bmc.ILOSSHConfig {
	c := bmc.ILOSSHConfig{
		Host:             req.Host(),
		Port:             req.Int("ipport"),
		Network:          "tcp",
		Username:         req.String("username"),
		Password:         req.Password().Reveal(),
		IdentityFile:     req.String("identity_file"),
		HostKey:          req.String("host_key"),
		KnownHosts:       req.String("known_hosts"),
		TrustNewHostKey:  req.Bool("trust_new_host_key"),
		LegacyAlgorithms: req.Bool("legacy_algorithms"),
		Prompt:           req.String("command_prompt"),
	}
	switch {
	case req.Bool("inet4_only"):
		c.Network = "tcp4"
	case req.Bool("inet6_only"):
		c.Network = "tcp6"
	}
	return c
}

func openILOSSH(ctx context.Context, req *fence.Request) (fence.Device, error) {
	c, err := bmc.OpenILOSSH(ctx, iloSSHConfig(req))
	if err != nil {
		return nil, loginError(err)
	}
	return machine{c}, nil
}
