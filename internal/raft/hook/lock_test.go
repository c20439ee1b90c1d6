package hook

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// bounded is a context that ends long after what works, and before the test.
func bounded(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func TestLockIsHeldByOne(t *testing.T) {
	file := filepath.Join(t.TempDir(), "new", "hook.lock")
	var wg sync.WaitGroup
	var inside, most int
	var mu sync.Mutex
	add := func(n int) {
		mu.Lock()
		defer mu.Unlock()
		inside += n
		most = max(most, inside)
	}
	for range 8 {
		wg.Go(func() {
			for range 20 {
				unlock, err := lock(bounded(t), file, Leader)
				if err != nil {
					t.Error(err)
					return
				}
				add(1)
				_ = os.Remove(file) // as stopping a unit with RuntimeDirectory= does
				add(-1)
				unlock()
			}
		})
	}
	wg.Wait()
	if most > 8 || inside != 0 {
		t.Errorf("%d had it at the end, at most %d", inside, most)
	}
	most = 0
	for range 8 {
		wg.Go(func() {
			for range 20 {
				unlock, err := lock(bounded(t), file, Leader)
				if err != nil {
					t.Error(err)
					return
				}
				add(1)
				time.Sleep(100 * time.Microsecond)
				add(-1)
				unlock()
			}
		})
	}
	wg.Wait()
	if most != 1 {
		t.Errorf("%d had it at once", most)
	}
}

// holdLock is what the test binary does as another process: it takes a lock, says
// so, and waits to be killed, at the latest until its standard input ends. (A Go program
// without cgo in which nothing can happen any more, as after select {}, is ended by the
// runtime.)
func holdLock(file string) {
	unlock, err := lock(context.Background(), file, Follower)
	fmt.Println("locked", err)
	_, _ = io.Copy(io.Discard, os.Stdin)
	if err == nil {
		unlock()
	}
	os.Exit(1)
}

func TestLockOfAHungProcessAndOfADeadOne(t *testing.T) {
	file := filepath.Join(t.TempDir(), "hook.lock")
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), lockVariable+"="+file)
	var said strings.Builder
	cmd.Stderr = &said // by the runtime, if it ends
	out, err := cmd.StdoutPipe()
	if err == nil {
		_, err = cmd.StdinPipe() // open until Wait
	}
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill() //nolint:errcheck // it may have ended
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "locked <nil>\n" {
		t.Fatalf("the other process said %q, %v", line, err)
	}
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	unlock, refused := lock(short, file, Leader)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed
	if refused == nil {
		unlock()
		t.Fatalf("two have the lock; the other process ended by %s, and said\n%s", cmd.ProcessState, said.String())
	}
	if want := fmt.Sprintf("process %d (follower)", cmd.Process.Pid); !strings.Contains(refused.Error(), want) {
		t.Errorf("got %v, want it to name %s", refused, want)
	}
	unlock, err = lock(bounded(t), file, Leader)
	if err != nil {
		t.Fatal(err)
	}
	unlock()
}

func TestLockFollowsNoLink(t *testing.T) {
	dir := t.TempDir()
	target, file := filepath.Join(dir, "target"), filepath.Join(dir, "hook.lock")
	if err := os.WriteFile(target, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, file); err != nil {
		t.Fatal(err)
	}
	if _, err := lock(bounded(t), file, Leader); err == nil {
		t.Error("a symbolic link is locked")
	}
	if text, _ := os.ReadFile(target); string(text) != "precious" {
		t.Errorf("the target became %q", text)
	}
}
