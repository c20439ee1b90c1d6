package bmc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/stmcginnis/gofish"
	"github.com/stmcginnis/gofish/common"
	"github.com/stmcginnis/gofish/redfish"
)

// RedfishConfig says how to reach a BMC over Redfish (DMTF DSP0266), which is
// JSON over HTTPS.
type RedfishConfig struct {
	Host     string // name or address; an IPv6 address with or without brackets
	Port     int    // TCP
	Username string
	Password string

	// Insecure takes any certificate. Otherwise it must lead to one of CAFile or,
	// when that is empty, of the system's authorities, and be made for Host. A
	// certificate that is itself in CAFile is taken whatever name and date it has:
	// BMCs come with one that they made themselves.
	Insecure bool
	CAFile   string // PEM

	// System is the machine to switch: a path ("/redfish/v1/Systems/1"), or the Id
	// or the Name of a member of the BMC's systems. Empty means the only member;
	// where there are several it is an error.
	System string

	Auth    string        // AuthBasic (also when empty) or AuthSession
	Timeout time.Duration // of one request; 0 is DefaultRedfishTimeout
}

// Ways to log in. Basic leaves nothing behind on the BMC, which may have room for
// few sessions; some BMCs have it switched off.
const (
	AuthBasic   = "basic"
	AuthSession = "session"
)

// DefaultRedfishTimeout is the limit of one request: BMCs were seen to take
// seconds, and a step has a few requests.
const DefaultRedfishTimeout = 10 * time.Second

// ILOSystem is the one system of an HPE iLO 4, 5 and 6; to name it saves reading
// the collection. Their PushPowerButton is not used: a press is a request to the
// operating system to shut down.
const ILOSystem = "/redfish/v1/Systems/1"

// Check finds what cannot work, without touching the network or a file.
func (c RedfishConfig) Check() error {
	switch {
	case c.Host == "" || strings.ContainsAny(c.Host, "/@?#\\ "):
		return fmt.Errorf("%q is not a name or an address of a BMC", c.Host)
	case c.Port < 1 || c.Port > 65535:
		return fmt.Errorf("port %d is not between 1 and 65535", c.Port)
	case c.Auth != "" && c.Auth != AuthBasic && c.Auth != AuthSession:
		return fmt.Errorf("unknown authentication %q: use %s or %s", c.Auth, AuthBasic, AuthSession)
	case c.Username == "":
		return errors.New("no user name: Redfish needs one")
	case c.Auth != AuthSession && strings.Contains(c.Username, ":"):
		return errors.New("the user name has a colon, which basic authentication cannot carry: use session authentication")
	case c.Insecure && c.CAFile != "":
		return errors.New("a CA file together with leave to take any certificate: remove one of them")
	case strings.HasPrefix(c.System, "/") && !localPath(c.System):
		return fmt.Errorf("system path %q: give it as the BMC does, such as %s", c.System, ILOSystem)
	}
	return nil
}

// OpenRedfish logs in and finds the system. An error wraps ErrLogin or ErrSilent
// where that is the cause. It may last up to two seconds longer than its context,
// to end a session that the BMC grants late.
func OpenRedfish(ctx context.Context, c RedfishConfig) (*Client, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	c.Host = strings.TrimSuffix(strings.TrimPrefix(c.Host, "["), "]")
	return open(ctx, c.Host, "redfish", &redfishDriver{config: c})
}

// redfishDriver is a bmclib driver over gofish, the library that bmclib's own
// Redfish provider stands on. That provider is not used because fencing needs
// what it does not do; TestWhyNotBMClibsProvider shows each point:
//
//   - it finds the system by its Name only, which is "Computer System" on every
//     iLO, after reading all of them;
//   - a redirect takes the session token, or the password of a login, to whatever
//     host the BMC names;
//   - of a context it takes the deadline of Open, as the limit of each request for
//     ever; cancelling does nothing, and Close lasts as long as the BMC likes;
//   - it forgets a session whose Location the BMC does not send, or whose removal
//     fails, without a word;
//   - one property of an unexpected type anywhere in a system is an error;
//   - reset types that are listed in an ActionInfo are not looked at;
//   - DEBUG_BMCLIB=true in the environment makes it print requests, the password in
//     them, to standard output;
//   - each request is a TLS connection of its own.
//
// So gofish does the service root, the login, requests, collections and error
// bodies; the transport below it, the choice of the system and the reset types
// are ours.
type redfishDriver struct {
	config    RedfishConfig
	transport *redfishTransport
	api       *gofish.APIClient
	session   string // path of the session, "" with basic authentication
	path      string // of the system
}

func (d *redfishDriver) Name() string { return "gofish" }

func (d *redfishDriver) Open(ctx context.Context) error {
	t, err := newRedfishTransport(d.config)
	if err != nil {
		return err
	}
	d.transport = t
	if err := d.login(ctx); err != nil {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), redfishGrace)
		defer cancel()
		_ = d.Close(end) // the login's error says more
		return err
	}
	return nil
}

func (d *redfishDriver) login(ctx context.Context) error {
	d.transport.ctx = ctx
	if d.config.Auth != AuthSession {
		d.transport.setBasic(d.config.Username, d.config.Password)
	}
	address := net.JoinHostPort(d.config.Host, strconv.Itoa(d.config.Port))
	// The transport has the context and the credentials, so gofish gets neither.
	api, err := gofish.ConnectContext(context.Background(), gofish.ClientConfig{Endpoint: "https://" + address, HTTPClient: d.transport.client()})
	if err != nil {
		return d.explain("read the service root", err)
	}
	d.api = api
	var root struct {
		Systems odataLink
		Links   struct{ Sessions odataLink }
	}
	if err := json.Unmarshal(d.transport.last, &root); err != nil { // gofish keeps the links to itself
		return d.explain("read the service root", err)
	}
	if d.config.Auth == AuthSession {
		if root.Links.Sessions.Path == "" {
			return &failure{text: "the BMC offers no sessions: use basic authentication"}
		}
		if err := d.openSession(ctx); err != nil {
			return err
		}
	}
	d.path, err = d.choose(root.Systems.Path)
	return err
}

// PowerStateGet returns "on" or "off" or, when the BMC does not know, what it said
// (DSP0266, ComputerSystem.PowerState). Only Off is off: a machine between two
// states, paused or being reset may still write to a disk.
func (d *redfishDriver) PowerStateGet(ctx context.Context) (string, error) {
	d.transport.ctx = ctx
	s, err := d.system(d.path)
	if err != nil {
		return "", err
	}
	switch redfish.PowerState(s.PowerState) {
	case redfish.OnPowerState, redfish.PoweringOnPowerState, redfish.PoweringOffPowerState, redfish.PausedPowerState, "Reset":
		return "on", nil
	case redfish.OffPowerState:
		return "off", nil
	}
	return s.PowerState, nil
}

// PowerSet takes "on" and "off" only. It sends the order also when the machine
// seems to be as wanted already: a BMC may report a state that is seconds old.
func (d *redfishDriver) PowerSet(ctx context.Context, state string) (bool, error) {
	err := d.reset(ctx, state)
	return err == nil, err
}

// reset carries out an order of resetTypes.
func (d *redfishDriver) reset(ctx context.Context, order string) error {
	d.transport.ctx = ctx
	s, err := d.system(d.path)
	if err != nil {
		return err
	}
	reset := s.Actions.Reset
	allowed, err := d.allowed(reset)
	if err != nil {
		return err
	}
	resetType, err := resetTypeFor(order, allowed)
	if err != nil {
		return err
	}
	if !localPath(reset.Target) {
		return &failure{text: fmt.Sprintf("the BMC offers no reset of %s to this user: check the user's role and that the path is that of a system", d.path)}
	}
	resp, err := d.api.Post(reset.Target, map[string]string{"ResetType": resetType})
	if err != nil {
		return d.explain("reset the system with "+resetType, err)
	}
	return resp.Body.Close()
}

// get reads a resource into v.
func (d *redfishDriver) get(path string, v any) error {
	if !localPath(path) {
		return &failure{text: fmt.Sprintf("the BMC gives %.80q as a path, which is none of its own", path)}
	}
	resp, err := d.api.Get(path)
	if err == nil {
		defer resp.Body.Close()
		err = json.NewDecoder(resp.Body).Decode(v)
	}
	return d.explain("read "+path, err)
}

// statusOf is the HTTP status of an answer that gofish took for an error, 0 when
// there was none.
func statusOf(err error) int {
	if e, ok := errors.AsType[*common.Error](err); ok {
		return e.HTTPReturnedStatusCode
	}
	return 0
}
