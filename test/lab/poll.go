package lab

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// onedPort is where oned answers XML-RPC.
const onedPort = 2633

// pollInterval is the time between two calls of a Poller.
const pollInterval = 100 * time.Millisecond

// callTimeout ends a call that hangs, so that a hanging owner does not hide its
// successor for long.
const callTimeout = 400 * time.Millisecond

// Poller calls oned on the floating IP every 100 ms from the switch namespace,
// on a new connection each time, and keeps when it answered.
type Poller struct {
	client *http.Client
	url    string
	body   string
	stop   context.CancelFunc
	wg     sync.WaitGroup

	mu      sync.Mutex
	answers []time.Time
	last    error // the last failure
}

// PollOned starts a poller. The caller must Stop it.
func (c *Cluster) PollOned() *Poller {
	ctx, stop := context.WithCancel(context.Background())
	p := &Poller{
		stop: stop, url: c.URL(), body: versionCall(c.token),
		client: &http.Client{Timeout: callTimeout, Transport: &http.Transport{DisableKeepAlives: true, DialContext: c.net.ns.dial}},
	}
	p.wg.Add(1)
	go func() { defer p.wg.Done(); p.run(ctx) }()
	return p
}

// Session is user:password of OpenNebula's API.
func (c *Cluster) Session() string { return c.token }

// URL is that of OpenNebula's API on the floating IP.
func (c *Cluster) URL() string {
	return fmt.Sprintf("http://%s/RPC2", netip.AddrPortFrom(c.Spec.VIP.Address.Addr(), onedPort))
}

// Dial connects from the switch, where clients and BMCs are; the address must be
// numeric.
func (c *Cluster) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	return c.net.ns.dial(ctx, network, address)
}

// dial connects from within the namespace; the address must be numeric.
func (n namespace) dial(ctx context.Context, network, address string) (conn net.Conn, err error) {
	err = n.do(func() error {
		conn, err = (&net.Dialer{}).DialContext(ctx, network, address)
		return err
	})
	return conn, err
}

func (p *Poller) run(ctx context.Context) {
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		err := p.call(ctx)
		p.mu.Lock()
		if err == nil {
			p.answers = append(p.answers, time.Now())
		} else if ctx.Err() == nil {
			p.last = err
		}
		p.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// call asks oned for its version.
func (p *Poller) call(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, strings.NewReader(p.body))
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	request.Header.Set("Content-Type", "text/xml")
	response, err := p.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	// oned's answers are arrays that begin with whether the call succeeded.
	if response.StatusCode != http.StatusOK || !strings.Contains(string(text), "<boolean>1</boolean>") {
		return fmt.Errorf("oned answered %s: %s", response.Status, text)
	}
	return nil
}

// versionCall is a call of one.system.version (OpenNebula's XML-RPC API).
func versionCall(token string) string {
	return `<?xml version="1.0"?><methodCall><methodName>one.system.version</methodName><params><param><value><string>` +
		token + `</string></value></param></params></methodCall>`
}

// Answers returns when oned answered after t.
func (p *Poller) Answers(t time.Time) []time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	var after []time.Time
	for _, a := range p.answers {
		if a.After(t) {
			after = append(after, a)
		}
	}
	return after
}

// WaitAnswer waits until oned answers after t, and returns when it first did.
func (p *Poller) WaitAnswer(ctx context.Context, t time.Time) (time.Time, error) {
	for {
		if answers := p.Answers(t); len(answers) > 0 {
			return answers[0], nil
		}
		if err := pause(ctx, pollInterval); err != nil {
			p.mu.Lock()
			defer p.mu.Unlock()
			return time.Time{}, fmt.Errorf("wait for oned to answer at %s: %w (last: %v)", p.url, err, p.last)
		}
	}
}

// Stop ends the poller. It may be called again.
func (p *Poller) Stop() {
	p.stop()
	p.wg.Wait()
}
