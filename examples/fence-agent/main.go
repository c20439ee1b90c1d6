// Command fence-agent is a fence agent in seventy lines, to start one of your own from:
// for an outlet that is switched over HTTP. GET of /power answers "on" or "off", PUT sets
// it, with a login in the header. One device for each node, such as
//
//	pcs stonith create fence-one-server1 fence_outlet ip=192.0.2.9 username=oneha \
//	    password_file=/etc/oneha/outlet pcmk_host_list=one-server1
//
// Install it as /usr/sbin/fence_outlet, mode 0755, on every node.
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/oneha/oneha/fence"
)

var agent = fence.Agent{
	Name: "fence_outlet", Version: "1.0", Short: "Fence agent for an outlet",
	Long:     "fence_outlet switches an outlet that speaks HTTP.",
	Defaults: map[string]string{"ipport": "80"},
	Login:    fence.ByPassword,
	Open: func(ctx context.Context, r *fence.Request) (fence.Device, error) {
		o := &outlet{r: r, url: "http://" + net.JoinHostPort(r.Host(), r.String("ipport")) + "/power"}
		_, err := o.Power(ctx) // the outlet has no session: the first question is the login
		return o, err
	},
}

// outlet is the power of one machine.
type outlet struct {
	r   *fence.Request
	url string
}

func (o *outlet) Power(ctx context.Context) (fence.State, error) {
	switch s, err := o.ask(ctx, http.MethodGet, ""); {
	case err != nil:
		return "", err
	case s == "on", s == "off":
		return fence.State(s), nil
	default: // neither is not off: whoever guesses starts services twice
		return "", fmt.Errorf("the outlet says %q: neither on nor off", s)
	}
}

// SetPower only asks: package fence looks until the outlet is off, and says so then.
func (o *outlet) SetPower(ctx context.Context, s fence.State) error {
	_, err := o.ask(ctx, http.MethodPut, string(s))
	return err
}

func (o *outlet) Close(context.Context) error { return nil }

func (o *outlet) ask(ctx context.Context, method, body string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, o.r.Limit("shell_timeout"))
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, method, o.url, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	q.SetBasicAuth(o.r.String("username"), o.r.Password().Reveal())
	a, err := http.DefaultClient.Do(q)
	if err != nil {
		return "", err
	}
	defer a.Body.Close()
	text, err := io.ReadAll(io.LimitReader(a.Body, 64))
	switch {
	case a.StatusCode == http.StatusUnauthorized:
		return "", fence.ErrLogin // never tried more than twice: accounts get locked
	case a.StatusCode != http.StatusOK:
		return "", fmt.Errorf("the outlet answers %s", a.Status)
	}
	return strings.TrimSpace(string(text)), err
}

func main() { fence.Main(agent) }
