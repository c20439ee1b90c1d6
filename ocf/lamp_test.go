package ocf_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"github.com/oneha/oneha/ocf"
)

// lamp is the agent of the tests: it is lit or not, and does what a test hangs
// into it.
type lamp struct {
	lit      bool
	calls    []string
	act      func(context.Context, *ocf.Request) error // instead of the usual
	validate func(context.Context, *ocf.Request) error
}

func (l *lamp) agent() ocf.Agent {
	action := func(name string, usual func() error) func(context.Context, *ocf.Request) error {
		return func(ctx context.Context, req *ocf.Request) error {
			l.calls = append(l.calls, name)
			if l.act != nil {
				return l.act(ctx, req)
			}
			return usual()
		}
	}
	look := func() error {
		if !l.lit {
			return ocf.NotRunning("the lamp is dark")
		}
		return nil
	}
	return ocf.Agent{
		Name:    "lamp",
		Version: "1.2",
		Short:   "Lamp on a desk",
		Long:    "Lights a lamp & keeps it lit.\nNeeds <socket> and \"bulb\".",
		Params: []ocf.Param{
			{Name: "socket", Type: ocf.String, Required: true, Unique: true, Short: "Socket", Long: "Where the plug goes.", Example: "wall 3"},
			{Name: "watts", Aliases: []string{"power", "w"}, Type: ocf.Integer, Default: "60", Short: "Watts", Long: "What the bulb draws."},
			{Name: "dim", Type: ocf.Boolean, Default: "false", Short: "Dim", Long: "Whether to dim: yes | no."},
			{Name: "colour", Type: ocf.String, Short: "Colour", Long: "Empty for white.", Example: "red"},
		},
		Actions: []ocf.Action{
			{Name: ocf.Start, Timeout: 20 * time.Second, Run: action("start", func() error { l.lit = true; return nil })},
			{Name: ocf.Stop, Timeout: 20 * time.Second, Run: action("stop", func() error { l.lit = false; return nil })},
			{Name: ocf.Monitor, Timeout: 20 * time.Second, Interval: 10 * time.Second, Run: action("monitor", look)},
			{Name: ocf.Monitor, Timeout: 30 * time.Second, Interval: 60 * time.Second, Depth: 10, Run: action("monitor 10", look)},
		},
		Validate: func(ctx context.Context, req *ocf.Request) error {
			l.calls = append(l.calls, "validate")
			if l.validate != nil {
				return l.validate(ctx, req)
			}
			return nil
		},
	}
}

// vars is the environment of a call.
type vars map[string]string

func (v vars) lookup(name string) (string, bool) { s, ok := v[name]; return s, ok }

// result is all that a call leaves behind.
type result struct {
	code                        ocf.Code
	stdout, stderr, syslog, log string
}

// noon is the time of every call.
var noon = time.Date(2026, 2, 3, 12, 0, 0, 0, time.UTC)

func call(ctx context.Context, a ocf.Agent, env vars, args ...string) result {
	var stdout, stderr, syslog, log bytes.Buffer
	code := ocf.Run(ctx, a, ocf.Env{
		Args: args, Lookup: env.lookup, Stdout: &stdout, Stderr: &stderr,
		Now: func() time.Time { return noon }, Pid: 42,
		Syslog: func(m []byte) error {
			if env["test_syslog"] == "dead" {
				return errors.New("no one listens")
			}
			syslog.Write(append(m, '\n'))
			return nil
		},
		LogFile: func(path string) (io.WriteCloser, error) {
			if path != "/the/log" {
				return nil, os.ErrNotExist
			}
			return nopCloser{&log}, nil
		},
	})
	return result{code, stdout.String(), stderr.String(), syslog.String(), log.String()}
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }

func TestLampIsSound(t *testing.T) {
	if err := new(lamp).agent().Check(); err != nil {
		t.Fatal(err)
	}
}
