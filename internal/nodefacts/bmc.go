package nodefacts

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/oneha/oneha/fence"
	"github.com/oneha/oneha/internal/fenceagent"
	"github.com/oneha/oneha/internal/lint"
)

// askBMC logs in to a fence device and reads the power state.
func askBMC(ctx context.Context, d lint.Device) (asked bool, err error) {
	agent, ok := fenceagent.Like(d.Agent)
	if !ok {
		return false, nil
	}
	var input strings.Builder
	for _, o := range d.Options {
		if strings.HasPrefix(o[0], "passw") && o[1] == "lrm://" {
			return false, errors.New("not asked: cibsecret keeps its password")
		}
		fmt.Fprintf(&input, "%s=%s\n", o[0], strings.ReplaceAll(o[1], "\n", " "))
	}
	input.WriteString("action=monitor\n")
	var stderr strings.Builder
	code := fence.Run(ctx, offersOnce(agent), fence.Env{
		Stdin: strings.NewReader(input.String()), Stdout: io.Discard, Stderr: &stderr,
		Getenv: func(string) string { return "" }, Now: time.Now, Sleep: sleep,
	})
	if code == 0 {
		return true, nil
	}
	lines := strings.Split(strings.TrimSpace(stderr.String()), "\n")
	return true, errors.New(strings.TrimPrefix(lines[len(lines)-1], "Failed: "))
}

// offersOnce makes an agent give up after its first refused login. A fencing offers
// the password once more, since a garbled reply looks the same; a check can be run
// again, and must not be what gets the account locked.
func offersOnce(agent fence.Agent) fence.Agent {
	open := agent.Open
	var refused error
	agent.Open = func(ctx context.Context, r *fence.Request) (fence.Device, error) {
		if refused != nil {
			return nil, refused
		}
		d, err := open(ctx, r)
		if errors.Is(err, fence.ErrLogin) {
			refused = err
		}
		return d, err
	}
	return agent
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
