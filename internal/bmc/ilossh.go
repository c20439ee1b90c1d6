package bmc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// ErrHostKey marks an SSH host key that is not the expected one, or not known.
// No credential was offered.
var ErrHostKey = errors.New("the BMC's host key is not trusted")

// ILOSSHConfig says how to reach an HPE iLO over SSH.
//
// The host key is always checked: against HostKey, or else against KnownHosts.
type ILOSSHConfig struct {
	Host     string // name or address; an IPv6 address with or without brackets
	Port     int    // TCP
	Network  string // tcp, tcp4 or tcp6; empty means tcp
	Username string
	Password string // with IdentityFile, the passphrase of its key

	// IdentityFile holds a private key. With it the password is never sent.
	IdentityFile string

	// HostKey is the fingerprint of the host key as ssh-keygen -l prints it
	// (SHA256:..., or MD5:...); several are separated by blanks or commas.
	HostKey string

	// KnownHosts is a file in OpenSSH's known_hosts format.
	KnownHosts string

	// TrustNewHostKey adds the key of a host that KnownHosts does not know to it
	// (trust on first use). A key that changed is refused all the same.
	TrustNewHostKey bool

	// LegacyAlgorithms allows what iLO 2 to 4 with old firmware need: key exchange
	// and signatures with SHA-1, DSA host keys, CBC ciphers.
	LegacyAlgorithms bool

	// Prompt is a regular expression for the end of the shell's prompt; empty means
	// the prompts of iLO 2 to 7 and of Integrity's MP.
	Prompt string

	// Timeout limits each step, a login or a command, beside the context; 0 is 30
	// seconds.
	Timeout time.Duration
}

// Check finds what cannot work, without touching the network or a file.
func (c ILOSSHConfig) Check() error {
	switch {
	case c.Port < 1 || c.Port > 65535:
		return fmt.Errorf("port %d is not between 1 and 65535", c.Port)
	case c.Network != "" && c.Network != "tcp" && c.Network != "tcp4" && c.Network != "tcp6":
		return fmt.Errorf("unknown network %q: use tcp, tcp4 or tcp6", c.Network)
	case c.Username == "":
		return errors.New("the user name is missing")
	case c.Password == "" && c.IdentityFile == "":
		return errors.New("neither a password nor an identity file is given")
	case c.HostKey == "" && c.KnownHosts == "":
		return errors.New("nothing says which host key to expect: set host_key to the BMC's fingerprint, or known_hosts to a file that has its key")
	case c.TrustNewHostKey && (c.HostKey != "" || c.KnownHosts == ""):
		return errors.New("a new host key can be trusted only into a known_hosts file: set known_hosts, and host_key not")
	case c.Timeout < 0:
		return errors.New("the time limit is negative")
	}
	if c.Prompt != "" {
		if _, err := regexp.Compile(c.Prompt); err != nil {
			return fmt.Errorf("the prompt is no regular expression: %w", err)
		}
		if promptPattern(c.Prompt).MatchString("") {
			return fmt.Errorf("the prompt %q fits an empty line, too", c.Prompt)
		}
	}
	_, err := parseFingerprints(c.HostKey)
	return err
}

// address is the host and port for dialing and for known_hosts.
func (c ILOSSHConfig) address() string {
	host := strings.TrimSuffix(strings.TrimPrefix(c.Host, "["), "]")
	return net.JoinHostPort(host, strconv.Itoa(c.Port))
}

// OpenILOSSH logs in. An error wraps ErrLogin, ErrSilent or ErrHostKey where
// that is the cause. Credentials are offered once: a connection that is lost
// before is made a second time, one that is lost after counts as a refusal.
func OpenILOSSH(ctx context.Context, c ILOSSHConfig) (*Client, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	return open(ctx, c.Host, "ilossh", &ilossh{config: c, prompt: promptPattern(c.Prompt)})
}

// ilossh is the bmclib driver for iLO's command line.
//
// A command goes as an exec request, which takes one round trip. An iLO that
// does not answer those as expected is talked to in its interactive shell, from
// then on.
type ilossh struct {
	config ILOSSHConfig
	prompt *regexp.Regexp
	link   *sshLink  // nil when not logged in
	noExec bool      // exec requests are of no use with this BMC
	shell  *cliShell // nil when not started
}

func (d *ilossh) Name() string { return "ilo-ssh" }

func (d *ilossh) Open(ctx context.Context) error {
	ctx, cancel := d.step(ctx)
	defer cancel()
	return d.login(ctx)
}

func (d *ilossh) login(ctx context.Context) (err error) {
	d.link, err = dialLink(ctx, d.config)
	return err
}

// Close leaves the shell by "exit", so that the iLO frees the session at once,
// and ends the connection.
func (d *ilossh) Close(ctx context.Context) error {
	if d.shell != nil {
		ctx, cancel := d.step(ctx)
		defer cancel()
		defer context.AfterFunc(ctx, d.link.close)()
		d.shell.exit(ctx)
	}
	d.hangUp()
	return nil
}

// hangUp ends the connection without a word.
func (d *ilossh) hangUp() {
	if d.shell != nil {
		d.shell.close()
	}
	if d.link != nil {
		d.link.close()
	}
	d.link, d.shell = nil, nil
}

// step applies the time limit of one step.
func (d *ilossh) step(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, cmp.Or(d.config.Timeout, 30*time.Second))
}

// PowerStateGet returns "on" or "off": what the property EnabledState says.
func (d *ilossh) PowerStateGet(ctx context.Context) (string, error) {
	out, err := d.run(ctx, "show /system1", cliAnswer.hasEnabledState)
	if err != nil {
		return "", err
	}
	on, err := out.enabledState()
	switch {
	case err != nil:
		return "", &failure{text: err.Error(), err: err}
	case on:
		return "on", nil
	}
	return "off", nil
}

// powerCommands are tried in order until the BMC knows one. iLO's own "power off
// hard" is what the stock agent sends; the forced stop is the standard's (DMTF
// DSP0214).
var powerCommands = map[string][]string{
	"on":  {"start /system1", "power on"},
	"off": {"power off hard", "stop -force /system1"},
}

// PowerSet takes "on" and "off" only.
func (d *ilossh) PowerSet(ctx context.Context, state string) (bool, error) {
	if powerCommands[state] == nil {
		return false, fmt.Errorf("power state %q is not used here", state)
	}
	var err error
	for _, command := range powerCommands[state] {
		var out cliAnswer
		if out, err = d.run(ctx, command, cliAnswer.hasStatus); err != nil {
			return false, err
		}
		if err = out.accepted(state); !errors.Is(err, errUnknownCommand) {
			break
		}
	}
	if err != nil {
		return false, &failure{text: "switch the power " + state + ": " + err.Error(), err: err}
	}
	return true, nil
}

// run sends a command and returns its answer, without the prompt. enough tells
// an answer from anything else. A connection that was lost since the last step
// is made once more: each command may be given twice without harm.
func (d *ilossh) run(ctx context.Context, command string, enough func(cliAnswer) bool) (cliAnswer, error) {
	ctx, cancel := d.step(ctx)
	defer cancel()
	out, err := d.runOnce(ctx, command, enough)
	if errors.Is(err, errLost) && ctx.Err() == nil {
		d.noExec = true // some firmware ends the connection after an exec request
		d.hangUp()
		if err = d.login(ctx); err == nil {
			out, err = d.runOnce(ctx, command, enough)
		}
	}
	if err != nil {
		d.hangUp() // what is still under way would be taken for the next answer
		return nil, explainSSH(ctx, "send "+strconv.Quote(command), err)
	}
	return out, nil
}

func (d *ilossh) runOnce(ctx context.Context, command string, enough func(cliAnswer) bool) (cliAnswer, error) {
	if d.link == nil {
		return nil, fmt.Errorf("%w by the step before", errLost)
	}
	// What blocks inside the library ends with the connection.
	defer context.AfterFunc(ctx, d.link.close)()
	if !d.noExec {
		out, err := d.link.exec(ctx, command, d.prompt, enough)
		if !errors.Is(err, errNoExec) {
			return out, err
		}
		d.noExec = true
	}
	if d.shell == nil {
		s, err := d.link.startShell(ctx, d.prompt)
		if err != nil {
			return nil, err
		}
		d.shell = s
	}
	return d.shell.run(ctx, command, enough)
}
