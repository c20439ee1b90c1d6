package zonelab

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/oneha/oneha/test/lab"
)

// node finds a server's machine.
func (l *Lab) node(server string) (*lab.Node, error) {
	for _, n := range l.Cluster.Nodes {
		if n.Name == server {
			return n, nil
		}
	}
	return nil, fmt.Errorf("no server %q: there are %s", server, strings.Join(l.Servers(), ", "))
}

// Exec runs a command as root on a server, as if at its console: no ssh, and it is
// frozen and killed with the machine. Another exit code than 0 is a *lab.ExitError,
// with the Result filled in.
func (l *Lab) Exec(ctx context.Context, server string, args ...string) (lab.Result, error) {
	return l.Command(ctx, server, lab.Command{Args: args})
}

// Command is Exec with an environment and streams.
func (l *Lab) Command(ctx context.Context, server string, c lab.Command) (lab.Result, error) {
	n, err := l.node(server)
	if err != nil {
		return lab.Result{}, err
	}
	return n.Command(ctx, c)
}

// Shell runs a script as root on a server and returns what it printed.
func (l *Lab) Shell(ctx context.Context, server, script string) (string, error) {
	r, err := l.Exec(ctx, server, "sh", "-c", script)
	return r.Stdout, err
}

// MAC is the server's address in the network, by which the sampler tells who answers.
func (l *Lab) MAC(server string) net.HardwareAddr { return l.Cluster.Node(server).MAC() }

// Off cuts the power: the machine's processes are killed and its cable is dead at
// one moment. Its disk stays.
func (l *Lab) Off(server string) error { return l.do(server, (*lab.Node).PowerOff) }

// On gives power and returns when the machine has booted.
func (l *Lab) On(ctx context.Context, server string) error {
	n, err := l.node(server)
	if err != nil {
		return err
	}
	if err := n.PowerOn(); err != nil {
		return err
	}
	return booted(ctx, n)
}

// Freeze stops all processes of the machine at one moment; its kernel goes on. Thaw
// lets them go on.
func (l *Lab) Freeze(server string) error { return l.do(server, (*lab.Node).Freeze) }
func (l *Lab) Thaw(server string) error   { return l.do(server, (*lab.Node).Thaw) }

// Cut pulls the machine's cable, for longer than its power lasts too. Heal plugs it in.
func (l *Lab) Cut(server string) error  { return l.do(server, (*lab.Node).Cut) }
func (l *Lab) Heal(server string) error { return l.do(server, (*lab.Node).Heal) }

func (l *Lab) do(server string, deed func(*lab.Node) error) error {
	n, err := l.node(server)
	if err != nil {
		return err
	}
	return deed(n)
}

// Reinstall gives the server a blank disk, with the packages and no configuration
// but ssh's, and returns when the machine has booted from it.
func (l *Lab) Reinstall(ctx context.Context, server string) error {
	n, err := l.node(server)
	if err != nil {
		return err
	}
	if err := n.PowerOff(); err != nil {
		return err
	}
	for id, name := range l.Servers() {
		if name == server {
			err = n.NewDisk(bootUnits, l.seed(id, Blank))
		}
	}
	if err != nil {
		return err
	}
	return l.On(ctx, server)
}

// WriteFile writes a file of a running server, as root's, whole.
func (l *Lab) WriteFile(ctx context.Context, server, path, text string) error {
	_, err := l.Command(ctx, server, lab.Command{
		Args:    []string{"sh", "-c", `mkdir -p "$(dirname "$1")" && cat >"$1"`, "sh", path},
		Streams: lab.Streams{Stdin: strings.NewReader(text)},
	})
	return err
}

// Logs writes the servers' journals, oned's logs and what else explains a failure
// below dir, of those that run.
func (l *Lab) Logs(ctx context.Context, dir string) error {
	return l.each(func(n *lab.Node) error {
		to := filepath.Join(dir, n.Name)
		if err := os.MkdirAll(to, 0o755); err != nil {
			return err
		}
		for name, script := range map[string]string{
			"journal.txt":   "journalctl --no-pager --output=short-precise",
			"oned.log":      "cat /var/log/one/oned.log",
			"oned.events":   "cat /var/lib/one/fake-events",
			"addresses.txt": "ip address show",
			"units.txt":     "systemctl list-units --all --no-pager 'opennebula*' 'oneha*' 'mariadb*'; systemctl --failed --no-pager",
			"files.txt":     "ls -laR /etc/one /etc/oneha /var/lib/one /run/one /run/lock/one /run/oneha /var/lib/oneha",
		} {
			r, err := n.Exec(ctx, "sh", "-c", script)
			if err != nil {
				r.Stdout += "\n" + err.Error() + "\n"
			}
			if err := os.WriteFile(filepath.Join(to, name), []byte(r.Stdout), 0o644); err != nil {
				return err
			}
		}
		return nil
	})
}
