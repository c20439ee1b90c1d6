// Package look finds out what package interview wants to know of a machine.
//
// It looks and changes nothing. What cannot be found out is said in the facts instead
// of failing, and no secret is read: of oned.conf the place of the database, of the
// cluster's configuration the floating IPs.
package look

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/oneha/oneha/internal/interview"
	"github.com/oneha/oneha/internal/target"
)

// Place is the machine that is looked at, by the parts that tests replace.
type Place struct {
	Root       string // of its file system, "/" for this one
	Name       string // uname -n
	Interfaces func() ([]Interface, error)
	// Run runs a program that only says something, and returns its standard output.
	Run func(ctx context.Context, name string, args ...string) ([]byte, error)
}

// Interface is a network interface as the system lists it.
type Interface struct {
	Name      string
	Up        bool
	Addresses []string // with prefix length
}

// within bounds what is asked of programs, together.
const within = 10 * time.Second

// looker gathers facts.
type looker struct {
	Place
	m interview.Machine
}

// At looks at a machine.
func At(ctx context.Context, p Place) interview.Machine {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	l := &looker{Place: p, m: interview.Machine{Name: p.Name}}
	l.network()
	l.cluster()
	l.opennebula(ctx)
	l.hardware(ctx)
	l.system(ctx)
	return l.m
}

// unknown notes what could not be found out. What is not there is not worth a note.
func (l *looker) unknown(what string, err error) {
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	text := err.Error()
	if l.Root != "/" {
		text = strings.ReplaceAll(text, l.Root, "")
	}
	l.m.Unknown = append(l.m.Unknown, what+": "+text)
}

func (l *looker) path(file string) string { return filepath.Join(l.Root, file) }

// maxFile bounds what is read of a file, in bytes; the status of dpkg with ten
// thousand packages has a few million.
const maxFile = 32 << 20

// read reads a regular file; a pipe in its place is not waited for.
func (l *looker) read(file string) (string, error) {
	f, err := os.OpenFile(l.path(file), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() && info.Mode()&fs.ModeType != 0 {
		return "", fmt.Errorf("%s is not a file", file)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFile))
	return strings.ToValidUTF8(string(text), "\ufffd"), err
}

func (l *looker) exists(file string) bool {
	_, err := os.Lstat(l.path(file))
	return err == nil
}

// system finds the operating system. For a release that is known its own versions are
// taken: those that are installed today are others after the next update.
func (l *looker) system(ctx context.Context) {
	root := os.DirFS(l.Root)
	t, err := target.Detect(ctx, root, nil)
	if err != nil {
		t, err = target.Detect(ctx, root, target.Runner(l.Run))
	}
	if err == nil {
		l.m.Target = t.String()
	}
	for _, file := range []string{"/etc/os-release", "/usr/lib/os-release"} {
		text, err := l.read(file)
		if err != nil {
			continue
		}
		for line := range strings.Lines(text) {
			if name, ok := strings.CutPrefix(strings.TrimSpace(line), "PRETTY_NAME="); ok {
				l.m.System = strings.Trim(name, `"'`)
			}
		}
		return
	}
}

// hardware finds the BMC of this machine, over its in-band interface where there is
// one and ipmitool to ask it, and what the machine is.
func (l *looker) hardware(ctx context.Context) {
	var words []string
	for _, file := range []string{"sys_vendor", "product_name"} {
		if text, err := l.read("/sys/class/dmi/id/" + file); err == nil {
			words = append(words, strings.TrimSpace(text))
		}
	}
	l.m.Model = strings.Join(words, " ")
	if !l.exists("/dev/ipmi0") && !l.exists("/dev/ipmi/0") && !l.exists("/dev/ipmidev/0") {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, within/2)
	defer cancel()
	out, err := l.Run(ctx, "ipmitool", "lan", "print") // the first channel with a LAN
	if err != nil {
		l.unknown("BMC, of which there is an in-band interface", fmt.Errorf("ipmitool lan print: %w", err))
		return
	}
	l.m.BMC = lanAddress(string(out))
}

// lanAddress reads the address from the output of ipmitool lan print.
func lanAddress(out string) netip.Addr {
	for line := range strings.Lines(out) {
		name, value, _ := strings.Cut(line, ":")
		if strings.TrimSpace(name) != "IP Address" {
			continue
		}
		if a, err := netip.ParseAddr(strings.TrimSpace(value)); err == nil && !a.IsUnspecified() {
			return a
		}
	}
	return netip.Addr{}
}
