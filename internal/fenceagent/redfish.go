package fenceagent

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/oneha/oneha/fence"
	"github.com/oneha/oneha/internal/bmc"
)

// redfishAgent takes the place of fence_redfish: every option of it is understood,
// and what cannot be served is refused with a reason instead of passed over.
var redfishAgent = fence.Agent{
	Name:  "fence_bmc_redfish",
	Short: "Fence agent for Redfish",
	Long: "fence_bmc_redfish is a fence agent for machines whose baseboard management controller (BMC) speaks Redfish over HTTPS. " +
		"It takes the options of fence_redfish. Where a BMC has several systems, systems_uri or plug says which one; it is never guessed. " +
		"Off and reboot succeed only after the BMC reported that the power is off.",
	Options: append(fence.TLSOptions(),
		fence.Option{Name: "redfish_uri", Old: []string{"redfish-uri"}, Arg: "uri", Type: fence.String, Default: redfishRoot, Text: "Path of the Redfish service; the standard has no other"},
		fence.Option{Name: "systems_uri", Old: []string{"systems-uri"}, Arg: "uri", Type: fence.String, Text: "Path of the system, such as /redfish/v1/Systems/1. When not set, plug is the Id or Name of the system, unless it is only the cluster's name for the machine; without either the BMC must have one system"},
		fence.Option{Name: "auth", Short: 'A', Arg: "auth", Type: fence.Select, Choices: []string{bmc.AuthBasic, bmc.AuthSession}, Default: bmc.AuthBasic, Text: "How to log in; session is for BMCs with basic authentication switched off"},
	),
	Defaults: map[string]string{"ipport": "443", "login_timeout": "10", "shell_timeout": "10"}, // some BMCs take seconds for one answer
	Login:    fence.ByPassword,
	Diag:     true,
	Validate: validateRedfish,
	Open:     openRedfish,
}

// redfishRoot is where every Redfish service begins (DMTF DSP0266, 6.2).
const redfishRoot = "/redfish/v1"

func validateRedfish(req *fence.Request) error {
	insecure := req.Bool("ssl_insecure")
	switch {
	case !req.Bool("ssl") && !req.Bool("ssl_secure") && !insecure:
		return errors.New("ssl=0 is not served, it would send the password readable: remove ssl, or set ssl_insecure=1 for a certificate that cannot be verified")
	case insecure && req.String("ssl_ca_file") != "":
		return errors.New("ssl_insecure and ssl_ca_file contradict each other: remove one of them")
	case strings.TrimRight(req.String("redfish_uri"), "/") != redfishRoot:
		return fmt.Errorf("redfish_uri=%s is not served: remove it, and give the path of the system as systems_uri", req.String("redfish_uri"))
	case req.String("auth") == bmc.AuthBasic && strings.Contains(req.String("username"), ":"):
		return errors.New("username has a colon, which basic authentication cannot carry: set auth=session")
	}
	return redfishConfig(req).Check()
}

func redfishConfig(req *fence.Request) bmc.RedfishConfig {
	c := bmc.RedfishConfig{
		Host:     req.Host(),
		Port:     req.Int("ipport"),
		Username: req.String("username"),
		Password: req.Password().Reveal(),
		Insecure: req.Bool("ssl_insecure"),
		CAFile:   req.String("ssl_ca_file"),
		System:   systemOf(req),
		Auth:     req.String("auth"),
		// Each step has its own limit, so that of one request only must not be shorter.
		Timeout: max(req.Seconds("login_timeout"), req.Seconds("shell_timeout"), 30*time.Second),
	}
	if host, port, err := net.SplitHostPort(c.Host); err == nil { // as fence_redfish takes it
		c.Host = host
		c.Port, _ = strconv.Atoi(port) // Check refuses 0
	}
	return c
}

// systemOf is the system that is meant, "" for the only one. The cluster sends a
// plug with every request for a node; where it is the node's own name nobody chose
// it, and it says nothing about the BMC.
func systemOf(req *fence.Request) string {
	plug := req.String("plug")
	switch uri := req.String("systems_uri"); {
	case uri != "":
		return uri
	case plug == req.Node || req.Bool("port_as_ip"):
		return ""
	}
	return plug
}

func openRedfish(ctx context.Context, req *fence.Request) (fence.Device, error) {
	c, err := bmc.OpenRedfish(ctx, redfishConfig(req))
	if err != nil {
		return nil, redfishError(err)
	}
	return machine{c}, nil
}

// redfishError is loginError, and names the option that helps.
func redfishError(err error) error {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return marked{fmt.Errorf("%w; the option for it is ssl_ca_file", err), fence.ErrUntrusted}
	}
	if errors.Is(err, bmc.ErrSystem) {
		return fmt.Errorf("%w; systems_uri takes its path, plug its Id or Name", err)
	}
	return loginError(err)
}
