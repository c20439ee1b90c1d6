package hypervisor

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/oneha/oneha/internal/remote"
)

// Question is what one host is asked beside its domains and processes.
type Question struct {
	XML       []string // domains whose definition is wanted
	Snapshots []string // domains whose snapshots are wanted
	Dirs      []string // directories of virtual machines
}

// Visitor goes to hosts.
type Visitor struct {
	Open     func(host string) remote.Host // a host by its name in OpenNebula
	Limit    time.Duration                 // for one host
	Parallel int                           // hosts at a time
}

// maxReport bounds what a host says, in bytes.
const maxReport = 16 << 20

// script asks everything at once. Each part begins with a line that only this visit
// knows, so that nothing that a guest or a file is called can be taken for one. What
// to ask comes on standard input: were it in the command line, the script would find
// itself among the processes.
const script = `LC_ALL=C; export LC_ALL
IFS= read -r mark || exit 1
say() { printf '\n%s %s\n' "$mark" "$*"; }
say list
virsh -c qemu:///system list --all </dev/null 2>&1; say end $?
say ps
ps -e -ww -o args= </dev/null 2>&1; say end $?
while read -r what name; do
  say "$what" "$name"
  case $what in
  xml) virsh -c qemu:///system dumpxml -- "$name" </dev/null 2>&1; say end $? ;;
  snapshots) virsh -c qemu:///system snapshot-list --name -- "$name" </dev/null 2>&1; say end $? ;;
  dir) if [ -d "$name" ]; then (cd -- "$name" && find . -maxdepth 1 -type f -printf '%T@ %s %f\n' && find . -maxdepth 1 ! -type f ! -name . -printf '0 0 %f\n') 2>&1
       else [ -d "${name%/*}" ]; fi; say end $? ;;
  esac
done
say whole`

// Visit asks hosts, each once. The error of a host is in its report.
func (v Visitor) Visit(ctx context.Context, questions map[string]Question) map[string]Report {
	reports := map[string]Report{}
	var mu sync.Mutex
	var all sync.WaitGroup
	places := make(chan struct{}, max(v.Parallel, 1))
	for host, q := range questions {
		all.Go(func() {
			places <- struct{}{}
			r := v.one(ctx, host, q)
			<-places
			mu.Lock()
			reports[host] = r
			mu.Unlock()
		})
	}
	all.Wait()
	return reports
}

func (v Visitor) one(ctx context.Context, name string, q Question) Report {
	ctx, cancel := context.WithTimeout(ctx, v.Limit)
	defer cancel()
	host := v.Open(name)
	defer func() { _ = host.Close() }() // what it held ends by itself
	return ask(ctx, host, q)
}

// ask asks one host.
func ask(ctx context.Context, host remote.Host, q Question) Report {
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails
	mark := "@" + hex.EncodeToString(random[:])
	var out capped
	err := host.Stream(ctx, bytes.NewReader(q.lines(mark)), &out, "sh", "-c", script)
	if err != nil {
		return Report{Err: reason(err, host.Name(), out.Len() > 0)}
	}
	r, err := parse(mark, out.Bytes())
	if err != nil {
		return Report{Err: fmt.Errorf("%s: %w", host.Name(), err)}
	}
	return r
}

const noAnswer = "no answer in time"

// reason tells a host that did not answer in time from one that would not. One that
// began to answer is there: a libvirtd that hangs keeps it from its end.
func reason(err error, name string, began bool) error {
	switch {
	case began && (errors.Is(err, context.DeadlineExceeded) || errors.Is(err, remote.ErrUnreachable)):
		return fmt.Errorf("%s: its answer did not come to an end; does virsh list hang there?", name)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w: %s: %w", remote.ErrUnreachable, noAnswer, err)
	}
	return err
}

// lines are what the script reads.
func (q Question) lines(mark string) []byte {
	var b bytes.Buffer
	fmt.Fprintln(&b, mark)
	for _, part := range []struct {
		what  string
		names []string
	}{{"xml", q.XML}, {"snapshots", q.Snapshots}, {"dir", q.Dirs}} {
		for _, name := range part.names {
			if bytes.ContainsAny([]byte(name), "\n\r\\") { // no name of OpenNebula's
				continue
			}
			fmt.Fprintln(&b, part.what, name)
		}
	}
	return b.Bytes()
}

// capped collects output up to maxReport.
type capped struct{ bytes.Buffer }

func (c *capped) Write(p []byte) (int, error) {
	if c.Len()+len(p) > maxReport {
		return 0, fmt.Errorf("more than %d MB of output", maxReport>>20)
	}
	return c.Buffer.Write(p)
}
