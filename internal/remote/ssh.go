package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/oneha/oneha/internal/shell"
)

// Options of ssh beside those of the connection: nobody is asked, a dead machine is
// noticed, and one login serves all calls.
var sshOptions = []string{
	"-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=3",
	"-o", "LogLevel=ERROR", "-o", "ForwardX11=no", "-o", "ForwardAgent=no", "-o", "ClearAllForwardings=yes",
	"-o", "ControlMaster=auto", "-o", "ControlPersist=60",
}

const (
	endTime   = 15 * time.Second // for ending what runs there
	closeTime = 5 * time.Second
)

// SSH is the machine at addr, logged in as user. A user other than root needs to
// be allowed sudo without a password. Close it at the end.
func SSH(name, user, addr string) Host {
	return files{&sshHost{name: name, user: user, addr: addr, program: "ssh"}}
}

// Login is the machine at addr as the user sees it who logs in: without sudo.
func Login(name, user, addr string) Host {
	return files{&sshHost{name: name, user: user, addr: addr, program: "ssh", plain: true}}
}

type sshHost struct {
	name, user, addr string
	program          string
	plain            bool // no sudo

	mu   sync.Mutex
	mine *controlDir // nil while nothing is connected
}

func (h *sshHost) Name() string { return h.name }

// Stream runs a program there.
func (h *sshHost) Stream(ctx context.Context, in io.Reader, out io.Writer, argv ...string) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s: run %s: %w", h.name, argv[0], err)
	}
	args, err := h.args()
	if err != nil {
		return fmt.Errorf("%s: %w", h.name, err)
	}
	token := newToken()
	if in == nil {
		args = append(args, "-n")
	}
	args = append(args, "--", h.addr, h.command(ctx, token, argv))
	end, err := execute(ctx, in, out, args)
	if ctx.Err() != nil {
		h.end(token) // otherwise it ends a second or two later
		return fmt.Errorf("%s: run %s: %w", h.name, argv[0], ctx.Err())
	}
	if err != nil {
		return fmt.Errorf("%s: run %s: %w", h.name, argv[0], err)
	}
	code, stderr, whole := reported(end.stderr, token)
	if !whole {
		return fmt.Errorf("%s (%s@%s) %w: %s", h.name, h.user, h.addr, ErrUnreachable, why(end))
	}
	return exited(h.name, argv, ended{code: code, stderr: stderr})
}

// named reports whether a word can be an account or an address. ssh of some releases
// takes one that begins with "-" for an option, or hands it to programs that do.
func named(word string) bool {
	return word != "" && word[0] != '-' && !strings.ContainsFunc(word, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) })
}

// args is ssh's command line up to the address.
func (h *sshHost) args() ([]string, error) {
	if !named(h.user) || !named(h.addr) {
		return nil, fmt.Errorf("%q and %q are no account and no address of a machine", h.user, h.addr)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.mine == nil {
		dir, err := newControlDir()
		if err != nil {
			return nil, err
		}
		h.mine = dir
	}
	args := append([]string{h.program}, sshOptions...)
	return append(args, "-o", "ControlPath="+h.mine.path+"/%C", "-l", h.user), nil
}

// command is what the login shell there is given.
func (h *sshHost) command(ctx context.Context, token string, argv []string) string {
	script := []string{"sh", "-c", supervised(ctx, token, argv)}
	if h.user != "root" && !h.plain {
		script = append([]string{"sudo", "-n"}, script...)
	}
	return shell.Quote(script...)
}

// why says what ssh said.
func why(end ended) string {
	said := excerpt(end.stderr)
	switch {
	case strings.Contains(said, "Host key verification failed"):
		return "its host key is not known: log in once by hand with ssh, or put the key into known_hosts"
	case strings.Contains(said, "Permission denied"):
		return "no key is accepted: log in must work without a password (ssh -o BatchMode=yes)"
	case said == "":
		return "the connection was lost"
	}
	return strings.Join(strings.Fields(said), " ")
}

// endScript signals the processes whose command line holds the token, and so their
// children: timeout passes a signal on, and kills after its grace.
const endScript = `for p in $(grep -lsaF "$1$2" /proc/[0-9]*/cmdline); do p=${p#/proc/}; p=${p%/cmdline}; [ "$p" = $$ ] || kill -TERM "$p" 2>/dev/null; done; :`

// end ends what a call left running there. It does what it can: at the deadline
// timeout does it anyhow.
func (h *sshHost) end(token string) {
	ctx, cancel := context.WithTimeout(context.Background(), endTime)
	defer cancel()
	args, err := h.args()
	if err != nil {
		return
	}
	half := len(token) / 2 // in two parts, so that this command does not match itself
	run := []string{"sh", "-c", endScript, "sh", call + token[:half], token[half:]}
	if h.user != "root" && !h.plain {
		run = append([]string{"sudo", "-n"}, run...)
	}
	_, _ = execute(ctx, nil, nil, append(args, "-n", "--", h.addr, shell.Quote(run...)))
}

// Close ends the shared connection and removes its socket.
func (h *sshHost) Close() error {
	h.mu.Lock()
	dir := h.mine
	h.mine = nil
	h.mu.Unlock()
	if dir == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeTime)
	defer cancel()
	_, err := execute(ctx, nil, nil, []string{h.program, "-o", "ControlPath=" + dir.path + "/%C", "-l", h.user, "-O", "exit", "--", h.addr})
	return errors.Join(err, dir.remove())
}
