package bmc

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/test/fakeilo"
)

func TestILOSSHCommandFails(t *testing.T) {
	shell := fakeilo.ExecRefused
	tests := []struct {
		name   string
		ilo    fakeilo.Options
		status string // substring of the error of On; "" is none
		off    string // and of SetOn(false)
		kind   error
		limit  time.Duration
	}{
		{"off refused", fakeilo.Options{RefuseOff: true}, "", "Insufficient privilege", nil, 0},
		{"off refused, shell", fakeilo.Options{RefuseOff: true, Exec: shell}, "", "Virtual Power and Reset", nil, 0},
		{"other state", fakeilo.Options{EnabledState: "enabledbutoffline"}, `EnabledState="enabledbutoffline"`, "", nil, 0},
		{"other state, shell", fakeilo.Options{EnabledState: "", Exec: shell, Garbage: []byte("status=0\r\nstatus_tag=COMMAND COMPLETED\r\n  enabledstate=\r\n")}, `EnabledState=""`, "", nil, 0},
		{"two states", fakeilo.Options{Garbage: []byte("EnabledState=enabled\r\nEnabledState=disabled\r\n")}, "two different states", "", nil, 0},
		{"garbage", fakeilo.Options{Garbage: []byte("\x00\xff\x1b[2J%s%n{}\r\n\r\n")}, "no EnabledState", "", nil, 0},
		{"state inside another value", fakeilo.Options{Garbage: []byte("oemhp_server_name=EnabledState=disabled\r\n")}, "no EnabledState", "", nil, 0},
		{"endless", fakeilo.Options{Garbage: []byte(strings.Repeat("x", 1<<17))}, "does not end", "does not end", nil, 0},
		{"endless, shell", fakeilo.Options{Exec: shell, Garbage: []byte(strings.Repeat("x\r\n", 1<<16))}, "does not end", "does not end", nil, 0},
		{"mute", fakeilo.Options{Mute: true}, "does not answer", "does not answer", ErrSilent, time.Second},
		{"mute, shell", fakeilo.Options{Mute: true, Exec: shell}, "does not answer", "does not answer", ErrSilent, time.Second},
		{"too slow", fakeilo.Options{Slow: 2 * time.Second}, "does not answer", "does not answer", ErrSilent, time.Second},
		{"lost at each command", fakeilo.Options{DropAtCommand: 99}, "ended the connection", "ended the connection", nil, 0},
		{"prompt not known", fakeilo.Options{Exec: shell, Prompt: "what? "}, `"what?": set command_prompt`, "set command_prompt", nil, time.Second},
	}
	for _, tt := range tests {
		for _, step := range []struct {
			name string
			want string
			do   func(context.Context, *Client) error
		}{
			{"status", tt.status, func(ctx context.Context, c *Client) error { _, err := c.On(ctx); return err }},
			{"off", tt.off, func(ctx context.Context, c *Client) error { return c.SetOn(ctx, false) }},
		} {
			t.Run(tt.name+", "+step.name, func(t *testing.T) {
				noGoroutines(t)
				s := fakeilo.Start(t, tt.ilo)
				cfg := sshConfig(s)
				cfg.Timeout = tt.limit
				ctx := limited(t, 30*time.Second)
				c, err := OpenILOSSH(ctx, cfg)
				if err != nil {
					t.Fatal(err)
				}
				begin := time.Now()
				err = step.do(ctx, c)
				took := time.Since(begin)
				t.Logf("after %s: %v", took.Round(time.Millisecond), err)
				if err := c.Close(ctx); err != nil {
					t.Errorf("Close: %v", err)
				}
				if n := s.Connections(); n != 0 && tt.ilo.Slow == 0 {
					t.Errorf("%d connections left open", n)
				}
				if most := cmp.Or(tt.limit*19/10, 10*time.Second); took > most { // the limit once, not twice
					t.Errorf("took %s, want %s at most", took, most)
				}
				if step.want == "" {
					if err != nil {
						t.Errorf("failed: %v", err)
					}
					return
				}
				if err == nil {
					t.Fatal("succeeded")
				}
				if tt.kind != nil && !errors.Is(err, tt.kind) || errors.Is(err, ErrLogin) {
					t.Errorf("is not %v: %v", tt.kind, err)
				}
				checkErrorText(t, err, step.want)
			})
		}
	}
}

func TestILOSSHTooManySessions(t *testing.T) {
	s := fakeilo.Start(t, fakeilo.Options{MaxSessions: 1, Exec: fakeilo.ExecRefused})
	ctx := limited(t, 30*time.Second)
	first, err := OpenILOSSH(ctx, sshConfig(s))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := first.On(ctx); err != nil { // its shell is the one session
		t.Fatal(err)
	}
	second, err := OpenILOSSH(ctx, sshConfig(s))
	if err != nil {
		t.Fatal(err)
	}
	_, err = second.On(ctx)
	if err == nil {
		t.Fatal("a second session was opened")
	}
	checkErrorText(t, err, "too many")
	if err := errors.Join(first.Close(ctx), second.Close(ctx)); err != nil {
		t.Error(err)
	}
	if n := s.Connections(); n != 0 {
		t.Errorf("%d connections left open", n)
	}
}

// The state changes when the machine changes, not when the command was taken.
func TestILOSSHChangesLate(t *testing.T) {
	s := fakeilo.Start(t, fakeilo.Options{Late: 200 * time.Millisecond})
	ctx := limited(t, 30*time.Second)
	c, err := OpenILOSSH(ctx, sshConfig(s))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx)
	if err := c.SetOn(ctx, false); err != nil {
		t.Fatal(err)
	}
	if on, err := c.On(ctx); err != nil || !on {
		t.Errorf("On = %v, %v at once, want true", on, err)
	}
	time.Sleep(250 * time.Millisecond)
	if on, err := c.On(ctx); err != nil || on {
		t.Errorf("On = %v, %v later, want false", on, err)
	}
}

func TestILOSSHEndsWithItsContext(t *testing.T) {
	noGoroutines(t)
	s := fakeilo.Start(t, fakeilo.Options{})
	c, err := OpenILOSSH(limited(t, 30*time.Second), sshConfig(s))
	if err != nil {
		t.Fatal(err)
	}
	s.Change(func(o *fakeilo.Options) { o.Mute = true })
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	begin := time.Now()
	if _, err := c.On(ctx); err == nil {
		t.Error("On succeeded with a mute BMC")
	}
	if err := c.Close(ctx); err != nil {
		t.Error(err)
	}
	if took := time.Since(begin); took > 5*time.Second { // a step may take 30
		t.Errorf("took %s", took)
	}
	if n := s.Connections(); n != 0 {
		t.Errorf("%d connections left open", n)
	}
}
