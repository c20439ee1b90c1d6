package remote

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// inlet gives a program its input. A source that stands still, as that of a command does
// which holds a lock, must not keep the call from ending when the program has: exec's own
// copying would be waited for without an end.
type inlet struct {
	read, write *os.File
	failed      chan error // of the source, before the program's input ends
}

func newInlet(from io.Reader) (*inlet, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	i := &inlet{read: r, write: w, failed: make(chan error, 1)}
	go func() {
		_, err := io.Copy(w, from)
		if errors.Is(err, syscall.EPIPE) || errors.Is(err, os.ErrClosed) {
			err = nil // the program wanted no more
		}
		i.failed <- err
		_ = w.Close()
	}()
	return i, nil
}

// started gives up our end of what the program now has.
func (i *inlet) started() { _ = i.read.Close() }

// ended is the error of the source, if it had one. A source that stands still is left to
// whoever made it.
func (i *inlet) ended() error {
	_ = i.write.Close()
	select {
	case err := <-i.failed:
		return err
	default:
		return nil
	}
}
