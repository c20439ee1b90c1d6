package fenceagent

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/oneha/oneha/fence"
	"github.com/oneha/oneha/internal/bmc"
)

// ipmiAgent takes the place of fence_ipmilan: every option of it is understood,
// and what cannot be served is refused with a reason instead of passed over.
var ipmiAgent = fence.Agent{
	Name:  "fence_bmc_ipmi",
	Short: "Fence agent for IPMI",
	Long: "fence_bmc_ipmi is a fence agent for machines whose baseboard management controller (BMC) speaks IPMI over LAN. " +
		"It takes the options of fence_ipmilan and needs ipmitool for hexadecimal_kg and target only. " +
		"Off and reboot succeed only after the BMC reported that the power is off. " +
		"A slow BMC is waited for: login_timeout and shell_timeout are the longest time without any answer of it, and a login or a command takes 30 seconds at most.",
	Options: []fence.Option{
		{Name: "lanplus", Short: 'P', Type: fence.Boolean, Default: "1", Text: "IPMI 2.0, encrypted; 0 is IPMI 1.5, which is not (--lanplus=0 on the command line)"},
		{Name: "auth", Short: 'A', Arg: "auth", Type: fence.Select, Choices: []string{"md5", "password", "none"}, Text: "Authentication type of IPMI 1.5; only md5 is served. IPMI 2.0 does not use it"},
		{Name: "cipher", Short: 'C', Arg: "cipher", Type: fence.Integer, Text: "Cipher suite of IPMI 2.0 (17 and then 3 when not set)"},
		{Name: "privlvl", Short: 'L', Arg: "level", Type: fence.Select, Choices: []string{"callback", "user", "operator", "administrator"}, Default: "administrator", Text: "Privilege level to log in with; power control needs operator"},
		fence.MethodOption(),
		{Name: "target", Arg: "targetaddress", Type: fence.String, Text: "Address of the controller behind the BMC that requests are bridged to, such as 0x24. Runs ipmitool"},
		{Name: "hexadecimal_kg", Arg: "key", Type: fence.String, Secret: true, Text: "BMC key (K_g) of IPMI 2.0, in hexadecimal digits. Runs ipmitool, with the key and the password in its environment, never in its arguments; a key with a zero byte before its end is refused"},
		{Name: "ipmitool_timeout", Arg: "seconds", Type: fence.Second, Default: "1", Text: "Time after which an unanswered request is first sent again, half of it where packets get lost and the BMC is quick; the pauses grow, and any answer counts"},
		{Name: "ipmitool_path", Arg: "path", Type: fence.String, Default: bmc.DefaultIpmitool, Text: "The program ipmitool, which only hexadecimal_kg and target need"},
		{Name: "use_sudo", Old: []string{"sudo"}, Type: fence.Boolean, Text: "Has no effect, no program is run as another user"},
		{Name: "sudo_path", Arg: "path", Type: fence.String, Text: "Has no effect, no program is run as another user"},
	},
	Defaults: map[string]string{"ipport": "623", "shell_timeout": "10"}, // some BMCs take seconds for one answer
	Diag:     true,
	Answers:  func(req *fence.Request) bool { c, err := ipmiConfig(req); return err == nil && c.TellsAnswers() },
	Validate: validateIPMI,
	Open:     openIPMI,
}

func validateIPMI(req *fence.Request) error {
	switch {
	case req.String("method") == "cycle":
		return errors.New("method=cycle is not served: a machine that is off would stay off and an unfinished cycle would pass for a fencing; remove method or set it to onoff")
	case !req.Bool("lanplus") && req.Given("auth") && req.String("auth") != "md5":
		return fmt.Errorf("auth=%s is not served, it would send the password readable or not at all: set auth=md5 or lanplus=1", req.String("auth"))
	}
	c, err := ipmiConfig(req)
	if err != nil {
		return err
	}
	return c.Check()
}

func ipmiConfig(req *fence.Request) (bmc.IPMI, error) {
	c := bmc.IPMI{
		Host:      req.Host(),
		Port:      req.Int("ipport"),
		Username:  req.String("username"),
		Password:  req.Password().Reveal(),
		V15:       !req.Bool("lanplus"),
		Privilege: req.String("privlvl"),
		Resend:    req.Seconds("ipmitool_timeout"),
		Silence:   req.Limit("login_timeout"),
		Answered:  req.Answered,
		Ipmitool:  req.String("ipmitool_path"),
	}
	if req.Given("cipher") {
		c.CipherSuites = []int{req.Int("cipher")}
	}
	var err error
	if c.Key, err = bmc.ParseKey(req.Secret("hexadecimal_kg").Reveal()); err != nil {
		return bmc.IPMI{}, fmt.Errorf("hexadecimal_kg: %w", err)
	}
	if target := req.String("target"); target != "" {
		address, err := strconv.ParseUint(target, 0, 8)
		if err != nil {
			return bmc.IPMI{}, fmt.Errorf("target is %q: set it to an address between 0 and 255, such as 0x24", target)
		}
		c.Target = uint8(address)
	}
	return c, nil
}

func openIPMI(ctx context.Context, req *fence.Request) (fence.Device, error) {
	config, err := ipmiConfig(req)
	if err != nil {
		return nil, err
	}
	c, err := bmc.OpenIPMI(ctx, config)
	if err != nil {
		return nil, loginError(err)
	}
	return machine{c}, nil
}
