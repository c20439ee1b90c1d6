package remote

import (
	"errors"
	"io"
	"os"
	"syscall"
	"time"
)

// outlet takes what a program writes. A child of it that stays behind with our pipe (an
// ssh older than 8.5 does, with standard error) must not keep the call from ending, nor
// may a slow reader of ours, or a busy machine, lose the end of the output. So some time
// behind the program's end what the pipe holds is taken, and no more is waited for; that
// is no error: what the program itself wrote is in the pipe before it ends.
type outlet struct {
	read, write *os.File
	copied      chan struct{} // all is copied
	err         error         // of the reader or the writer; only behind copied
}

func newOutlet(to io.Writer) (*outlet, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	o := &outlet{read: r, write: w, copied: make(chan struct{})}
	go func() {
		defer close(o.copied)
		defer r.Close() // a program that writes on notices
		_, o.err = io.Copy(to, r)
		if errors.Is(o.err, os.ErrDeadlineExceeded) {
			o.err = o.rest(to)
		}
	}()
	return o, nil
}

// pipeSize is more than a pipe holds unless somebody asked for that.
const pipeSize = 1 << 20

// rest copies what the pipe holds now.
func (o *outlet) rest(to io.Writer) error {
	if err := o.read.SetReadDeadline(time.Time{}); err != nil {
		return err
	}
	raw, err := o.read.SyscallConn()
	if err != nil {
		return err
	}
	buf := make([]byte, 32<<10)
	for got, n := 0, 0; got < pipeSize; got += n {
		var failed error
		if err := raw.Read(func(fd uintptr) bool {
			n, failed = syscall.Read(int(fd), buf) // it does not block
			return true
		}); err != nil {
			return err
		}
		switch {
		case errors.Is(failed, syscall.EINTR):
			n = 0
			continue
		case failed != nil || n <= 0: // EAGAIN, or the end
			return nil
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return err
		}
	}
	return nil
}

// started gives up our end of what the program now has.
func (o *outlet) started() { _ = o.write.Close() }

// ended waits for the rest of the output.
func (o *outlet) ended() error {
	_ = o.read.SetReadDeadline(time.Now().Add(drain))
	<-o.copied
	return o.err
}
