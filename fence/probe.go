package fence

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"
)

// Probe looks at one device step by step, for programs that try a device beside
// the cluster and want to know what each step says and how long it takes. It
// reads the options, keeps the time limits and counts refused logins as Run
// does, so that what it finds is what the cluster will meet. It switches nothing.
type Probe struct{ s session }

// NewProbe reads options as Run takes them on standard input, name=value lines,
// checks them and reads the password. The device is not contacted. Whatever
// action the options name is not carried out; they must not name a wrong one.
func NewProbe(ctx context.Context, a Agent, options string) (*Probe, error) {
	t := newTable(&a)
	in, err := parseStdin(t, strings.TrimSuffix(options, "\n")+"\naction="+ActionStatus+"\n")
	if err != nil {
		return nil, err
	}
	req := newRequest(t, in, &logger{stderr: io.Discard, now: time.Now})
	if err := req.prepare(ctx, &a); err != nil {
		return nil, err
	}
	return &Probe{session{agent: &a, req: req, pause: sleep, offers: maxOffers}}, nil
}

// Request returns the options as the device gets them.
func (p *Probe) Request() *Request { return p.s.req }

// Login logs in once, within login_timeout; when it is logged in it does
// nothing. An error that wraps ErrLogin says that the credentials were refused;
// after the second refusal the device is not asked again.
func (p *Probe) Login(ctx context.Context) error {
	err := p.s.open(ctx)
	if err != nil && ctx.Err() != nil {
		return errors.New("log in: interrupted")
	}
	return err
}

// Power reads the power state once, within shell_timeout, and logs in first if
// need be. After an error the session is closed.
func (p *Probe) Power(ctx context.Context) (State, error) { return p.s.look(ctx) }

// Logout ends the session with the device, if there is one, within half a
// second, also when the context has ended.
func (p *Probe) Logout(ctx context.Context) { p.s.close(ctx) }
