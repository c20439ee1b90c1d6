package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// watched is an agent that runs as any user does, in a session of its own and with
// leave to dump core, and everything that others can see of it.
type watched struct {
	agent  string // its file
	cmd    *exec.Cmd
	dir    string // where it runs, and all its files are
	output bytes.Buffer

	mu        sync.Mutex
	processes map[int]*process // of its session
	syslog    []string
	stop      chan struct{}
	watching  sync.WaitGroup
}

// process is what /proc showed of a process, each text once.
type process struct{ cmdline, environ []string }

// nobody runs the agents of these tests: of a process of root, /proc would not show
// whether it may be dumped.
const nobody = 65534

// wrapper runs the agent $0 in a mount namespace where /dev holds a log to listen on.
const wrapper = `set -e
touch dev/null
mount --bind /dev/null dev/null
mount --rbind dev /dev
ulimit -c unlimited
cd core
exec setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all "$0" "$@"`

// prepareWatched makes the directory in which an agent will run, with files that
// it may read.
func prepareWatched(t *testing.T, files map[string]string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "watched") // short: the name of a socket has at most 107 bytes (unix(7))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, sub := range []string{"core", "dev"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chown(filepath.Join(dir, "core"), nobody, nobody); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(file, nobody, nobody); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// startWatched starts an agent in a directory that prepareWatched made, and watches
// it until end.
func startWatched(t *testing.T, agent, dir string, args []string, stdin string) *watched {
	t.Helper()
	w := &watched{agent: agent, dir: dir, processes: map[int]*process{}, stop: make(chan struct{})}
	log, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "dev/log"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(dir, "dev/log"), 0o666); err != nil {
		t.Fatal(err)
	}
	w.cmd = exec.CommandContext(t.Context(), "/bin/sh", append([]string{"-c", wrapper, agent}, args...)...)
	w.cmd.Dir, w.cmd.Stdin = dir, strings.NewReader(stdin)
	w.cmd.Env = []string{"LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "PCMK_service=pacemaker-fenced", "DEBUG_BMCLIB=true"}
	w.cmd.Stdout, w.cmd.Stderr = &w.output, &w.output
	w.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Unshareflags: syscall.CLONE_NEWNS}
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.watching.Go(func() { w.receive(log) })
	w.watching.Go(func() {
		for {
			w.look()
			select {
			case <-w.stop:
				w.sayEnd(t, dir)
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	})
	return w
}

// endOfLog follows everything that the agent said, in the socket of the log.
const endOfLog = "end of log"

func (w *watched) sayEnd(t *testing.T, dir string) {
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: filepath.Join(dir, "dev/log"), Net: "unixgram"})
	if err != nil {
		t.Error(err)
		return
	}
	defer c.Close()
	if _, err := c.Write([]byte(endOfLog)); err != nil {
		t.Error(err)
	}
}

func (w *watched) receive(log *net.UnixConn) {
	defer log.Close()
	buf := make([]byte, 1<<16)
	for {
		n, err := log.Read(buf)
		if err != nil || string(buf[:n]) == endOfLog {
			return
		}
		w.mu.Lock()
		w.syslog = append(w.syslog, string(buf[:n]))
		w.mu.Unlock()
	}
}

// look notes what /proc shows of the session's processes now, once it is the agent
// that leads them.
func (w *watched) look() {
	leader := w.cmd.Process.Pid
	if cmdline, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", leader)); !bytes.HasPrefix(cmdline, []byte(w.agent+"\x00")) {
		return
	}
	dirs, _ := filepath.Glob("/proc/[0-9]*") // the pattern is well-formed
	for _, dir := range dirs {
		pid, _ := strconv.Atoi(filepath.Base(dir)) // digits
		stat, err := os.ReadFile(dir + "/stat")
		_, behind, ok := strings.Cut(string(stat), ") ")
		fields := strings.Fields(behind) // state, parent, group, session (proc(5))
		if err != nil || !ok || len(fields) < 4 || fields[3] != strconv.Itoa(leader) {
			continue
		}
		cmdline, _ := os.ReadFile(dir + "/cmdline") // it may have ended meanwhile
		environ, _ := os.ReadFile(dir + "/environ")
		w.mu.Lock()
		p := w.processes[pid]
		if p == nil {
			p = &process{}
			w.processes[pid] = p
		}
		p.cmdline, p.environ = addNew(p.cmdline, string(cmdline)), addNew(p.environ, string(environ))
		w.mu.Unlock()
	}
}

func addNew(list []string, text string) []string {
	if text == "" || slices.Contains(list, text) {
		return list
	}
	return append(list, text)
}

// children is how many other processes of its session the agent has had.
func (w *watched) children() (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for pid := range w.processes {
		if pid != w.cmd.Process.Pid {
			n++
		}
	}
	return n
}

// until waits for what the agent has to do before anything can be seen.
func (w *watched) until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for begin := time.Now(); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Since(begin) > time.Minute {
			w.end(t, syscall.SIGKILL)
			t.Fatalf("the agent %s: %s", what, w.output.String())
		}
	}
}

// end sends a signal, waits for the end, and stops watching.
func (w *watched) end(t *testing.T, sig syscall.Signal) syscall.WaitStatus {
	t.Helper()
	if err := w.cmd.Process.Signal(sig); err != nil {
		t.Error(err)
	}
	_ = w.cmd.Wait() // the state says more
	close(w.stop)
	w.watching.Wait()
	return w.cmd.ProcessState.Sys().(syscall.WaitStatus)
}

// sights are all texts that others could see, by where.
func (w *watched) sights(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{"output": w.output.String(), "syslog": strings.Join(w.syslog, "\n")}
	debug, err := os.ReadFile(filepath.Join(w.dir, "core/debug"))
	if err != nil {
		t.Error(err)
	}
	all["debug file"] = string(debug)
	for pid, p := range w.processes {
		who := fmt.Sprintf("of child %d", pid)
		if pid == w.cmd.Process.Pid {
			who = "of the agent"
		}
		all["cmdline "+who], all["environ "+who] = strings.Join(p.cmdline, "\n"), strings.Join(p.environ, "\n")
	}
	return all
}
