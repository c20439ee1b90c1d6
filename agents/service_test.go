package agents

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/ocf"
)

func TestServiceDeclarations(t *testing.T) {
	if len(one.Services) != 12 {
		t.Errorf("%d services in the table, want 12", len(one.Services))
	}
	for _, row := range one.Services {
		a, ok := Named(row.Name)
		if !ok {
			t.Errorf("no agent %s", row.Name)
			continue
		}
		if err := a.Check(); err != nil {
			t.Error(err)
		}
		metadata := string(a.Metadata())
		if strings.Contains(metadata, `depth="20"`) {
			t.Errorf("%s: metadata list the monitor at depth 20, which pcs would configure", row.Name)
		}
		if deep := strings.Contains(metadata, `depth="10"`); deep != (row.Port != 0 || row.Name == "hem") {
			t.Errorf("%s: a monitor at depth 10: %v", row.Name, deep)
		}
		interval := `interval="30s" depth="0"`
		if row.Name == onedName {
			interval = `interval="15s" depth="0"`
		}
		if !strings.Contains(metadata, interval) {
			t.Errorf("%s: metadata lack %s", row.Name, interval)
		}
	}
}

// An action that its caller gives no time has the time that metadata advise.
func TestWithin(t *testing.T) {
	seen := func(ctx context.Context) (left time.Duration) {
		act := ocf.Action{Timeout: time.Minute, Run: func(ctx context.Context, _ *ocf.Request) error {
			end, _ := ctx.Deadline()
			left = time.Until(end)
			return nil
		}}
		if err := within(act)(ctx, nil); err != nil {
			t.Error(err)
		}
		return left
	}
	if left := seen(t.Context()); left < 59*time.Second || left > time.Minute {
		t.Errorf("by hand: %s, want a minute", left)
	}
	short, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if left := seen(short); left > time.Second {
		t.Errorf("under a deadline of 1 s: %s", left)
	}
}

// What a restart of the service would mend is a failure, the rest is shown.
func TestJudge(t *testing.T) {
	agent := Service(one.Services[0])
	for _, tt := range []struct {
		err                error
		recurring, probing ocf.Code
	}{
		{nil, ocf.SuccessCode, ocf.SuccessCode},
		{one.ErrHung, ocf.GenericCode, ocf.GenericCode},
		{one.ErrNotListening, ocf.GenericCode, ocf.GenericCode},
		{one.ErrDatabase, ocf.GenericCode, ocf.GenericCode},
		{one.ErrCredentials, ocf.DegradedCode, ocf.SuccessCode},
		{one.ErrOned, ocf.DegradedCode, ocf.SuccessCode},
		{&one.APIError{Code: one.CodeAuthentication, Message: "x"}, ocf.GenericCode, ocf.GenericCode},
	} {
		req := ocf.NewRequest(agent, ocf.Monitor, nil)
		if got := ocf.CodeOf(asker{}.judge(req, tt.err)); got != tt.probing {
			t.Errorf("probe, %v: exit %d, want %d", tt.err, got, tt.probing)
		}
		req.Interval = time.Minute
		if got := ocf.CodeOf(asker{}.judge(req, tt.err)); got != tt.recurring {
			t.Errorf("%v: exit %d, want %d", tt.err, got, tt.recurring)
		}
	}
}

// Parameters are judged before anything else is looked at, systemd included.
func TestServiceParameters(t *testing.T) {
	for name, value := range map[string]string{"unit": "a/b", "endpoint": "ftp://x", "probe_timeout": "0"} {
		var stderr bytes.Buffer
		code := ocf.Run(t.Context(), Service(one.Services[0]), ocf.Env{
			Args: []string{ocf.ValidateAll}, Stderr: &stderr,
			Lookup: func(v string) (string, bool) {
				if v != "OCF_RESKEY_"+name {
					return "", false
				}
				return value, true
			},
		})
		if code != ocf.ConfiguredCode || !strings.Contains(stderr.String(), "parameter "+name) {
			t.Errorf("%s=%s: exit %d: %s", name, value, code, stderr.String())
		}
	}
}
