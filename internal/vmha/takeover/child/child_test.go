package child

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/one"
)

// program writes a script that stands in for oneha.
func program(t *testing.T, script string) Look {
	t.Helper()
	file := filepath.Join(t.TempDir(), "oneha")
	if err := os.WriteFile(file, []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	endpoint, err := one.ParseEndpoint(one.DefaultEndpoint)
	if err != nil {
		t.Fatal(err)
	}
	return Look{Program: file, Endpoint: endpoint, AuthFile: "/auth", Since: time.Date(2026, 3, 1, 12, 0, 0, 5, time.UTC)}
}

func TestRun(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "/run/systemd/notify")
	for name, tt := range map[string]struct {
		script string
		want   Found
		err    string
	}{
		"nothing": {"echo all is well", Found{Lines: []string{"all is well"}}, ""},
		"left":    {"echo one; echo; echo two; exit 1", Found{[]string{"one", "two"}, true}, ""},
		"half":    {"echo one; echo 'oneha: it hangs' >&2; echo 'see oned.log' >&2; exit 1", Found{[]string{"one"}, true}, "it hangs see oned.log"},
		"refused": {"echo 'oneha: no such option' >&2; exit 2", Found{}, "no such option"},
		"hostile": {`printf 'a\033[2Jb\302\2332J\342\200\256c\n'; printf 'oneha: \033]0;x\007 no\n' >&2; exit 1`,
			Found{[]string{"a [2Jb 2J c"}, true}, " ]0;x  no"},
		"silent": {"exit 3", Found{}, "look after a takeover: exit status 3"},
		"words": {`echo "$@"`, Found{Lines: []string{
			"recover takeover --endpoint " + one.DefaultEndpoint + " --credentials /auth --since 2026-03-01T12:00:00.000000005Z --within"}}, ""},
		"environment": {"[ -z \"$NOTIFY_SOCKET$HOME\" ] && echo none", Found{Lines: []string{"none"}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			found, err := run(t, ctx, program(t, tt.script))
			if name == "words" && len(found.Lines) == 1 { // what follows is the time that is left
				line, within, _ := strings.Cut(found.Lines[0], " --within ")
				if d, err := time.ParseDuration(within); err != nil || d <= 0 || d >= time.Minute {
					t.Errorf("within %q", within)
				}
				found.Lines[0] = line + " --within"
			}
			if !slices.Equal(found.Lines, tt.want.Lines) || found.Left != tt.want.Left || fmt.Sprint(err) != fmt.Sprint(errorOf(tt.err)) {
				t.Errorf("got %+v, %v; want %+v, %v", found, err, tt.want, tt.err)
			}
		})
	}
}

// run is Run, tried again while another goroutine's fork holds the script open for writing.
func run(t *testing.T, ctx context.Context, l Look) (Found, error) {
	t.Helper()
	for {
		found, err := l.Run(ctx)
		if !errors.Is(err, syscall.ETXTBSY) {
			return found, err
		}
	}
}

func errorOf(text string) error {
	if text == "" {
		return nil
	}
	return errors.New(text)
}

func TestMissing(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	l := program(t, "")
	l.Program += "-none"
	if _, err := l.Run(ctx); !errors.Is(err, ErrMissing) {
		t.Errorf("%v", err)
	}
	if _, err := program(t, "").Run(context.Background()); err == nil || !strings.Contains(err.Error(), "no deadline") {
		t.Errorf("%v", err)
	}
}

// A look that hangs is ended, and what it said before is kept.
func TestHangs(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	said := filepath.Join(t.TempDir(), "said")
	go func() {
		for ctx.Err() == nil {
			if _, err := os.Stat(said); err == nil {
				cancel()
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	found, err := run(t, ctx, program(t, "echo one; : >"+said+"; exec sleep 600"))
	if !errors.Is(err, context.Canceled) || !slices.Equal(found.Lines, []string{"one"}) || !found.Left {
		t.Errorf("%+v %v", found, err)
	}
}

// It is nicer than who starts it, who stays as he was, and says no more than fits.
func TestGentle(t *testing.T) {
	own, err := syscall.Getpriority(syscall.PRIO_PROCESS, 0)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	found, err := run(t, ctx, program(t, "nice; until grep -qx 500 /proc/$$/oom_score_adj; do :; done; head -c 1000000 /dev/zero | tr '\\0' x"))
	if want := fmt.Sprint(min(19, 20-own+gently)); err != nil || len(found.Lines) != 2 || found.Lines[0] != want || len(found.Lines[1]) > longest {
		t.Errorf("got %.80v, %v; want niceness %s", found, err, want)
	}
	for range 10 {
		if now, err := syscall.Getpriority(syscall.PRIO_PROCESS, 0); err != nil || now != own {
			t.Errorf("niceness is %d, was %d: %v", 20-now, 20-own, err)
		}
	}
}
