package remote

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A child that stays behind with a program's pipes takes nothing from what the program
// said, and is no error.
func TestChildKeepsPipes(t *testing.T) {
	ctx, cancel := context.WithTimeout(bounded(t), 50*time.Second)
	defer cancel()
	// timeout, with which a program runs, would be waited for; setsid takes the child out.
	out, err := Local().Run(ctx, "sh", "-c", `setsid sleep 10 & echo said; echo why >&2`)
	if err != nil || string(out) != "said\n" {
		t.Errorf("got %q, %v", out, err)
	}
	_, err = Local().Run(ctx, "sh", "-c", `setsid sleep 10 & echo why >&2; exit 3`)
	if exit, ok := err.(*ExitError); !ok || exit.Code != 3 || exit.Stderr != "why" {
		t.Errorf("got %#v", err)
	}
	// As ssh of before 8.5 leaves its shared connection.
	h, _ := newFake(t, "root")
	h.(files).streamer.(*sshHost).program = script(t, `setsid sleep 10 & while [ "$1" != -- ]; do shift; done; exec sh -c "$3"`)
	if out, err := h.Run(ctx, "echo", "said"); err != nil || string(out) != "said\n" {
		t.Errorf("through ssh: %q, %v", out, err)
	}
}

// One who reads slowly gets all, however long the program is gone.
func TestSlowReader(t *testing.T) {
	var got bytes.Buffer
	slow := writer(func(p []byte) (int, error) {
		if got.Len() == 0 {
			time.Sleep(drain + 500*time.Millisecond)
		}
		return got.Write(p)
	})
	const all = 60_000 // it fits into a pipe, so the program ends at once
	if err := Local().Stream(bounded(t), nil, slow, "sh", "-c", `head -c 60000 /dev/zero`); err != nil || got.Len() != all {
		t.Errorf("%d of %d bytes came, %v", got.Len(), all, err)
	}
}

// A source of input that stands still is no error either, when the program needs no more.
func TestInputStandsStill(t *testing.T) {
	in, out := io.Pipe()
	defer out.Close()
	defer in.Close()
	var got bytes.Buffer
	if err := Local().Stream(bounded(t), in, &got, "echo", "enough"); err != nil || strings.TrimSpace(got.String()) != "enough" {
		t.Errorf("got %q, %v", got.String(), err)
	}
}

// script is an executable file with this shell script.
func script(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ssh")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// A command that holds a lock and finds it taken ends, though its input stands still.
func TestLockIsTaken(t *testing.T) {
	lock := filepath.Join(t.TempDir(), "lock")
	hold := func(in io.Reader, out io.Writer) error {
		return Local().Stream(bounded(t), in, out, "flock", "-n", lock, "sh", "-c", "echo locked; exec cat")
	}
	in, release := io.Pipe()
	said, out := io.Pipe()
	first := make(chan error, 1)
	go func() { first <- hold(in, out) }()
	if _, err := io.ReadFull(said, make([]byte, len("locked\n"))); err != nil {
		t.Fatal(err)
	}
	still, end := io.Pipe()
	defer end.Close()
	defer still.Close()
	if exit, ok := hold(still, io.Discard).(*ExitError); !ok || exit.Code != 1 {
		t.Errorf("the second got %v", exit)
	}
	_ = release.Close()
	if err := <-first; err != nil {
		t.Errorf("the first got %v", err)
	}
}
