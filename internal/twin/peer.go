package twin

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/oneha/oneha/internal/remote"
)

// maxFacts bounds a server's answer, in bytes.
const maxFacts = 256 << 20

// Clock is how another server's clock differs from this one's.
type Clock struct {
	Offset time.Duration `json:"offset_ns"` // positive when the other is ahead
	Within time.Duration `json:"within_ns"` // how wrong Offset can be
}

// Ask asks another server for its facts. The clock is nil when it cannot be told.
func Ask(ctx context.Context, host remote.Host, r Request, now func() time.Time) (Facts, *Clock, error) {
	in, err := json.Marshal(r)
	if err != nil {
		return Facts{}, nil, err
	}
	var out bounded
	out.most = maxFacts
	sent := now()
	err = host.Stream(ctx, bytes.NewReader(in), &out, Argv...)
	received := now()
	if err != nil {
		return Facts{}, nil, asked(host, err)
	}
	var facts Facts
	if err := json.Unmarshal(out.Bytes(), &facts); err != nil {
		return facts, nil, fmt.Errorf("%s: its oneha answered something else than facts: %w", host.Name(), err)
	}
	if facts.Format != Format {
		return facts, nil, fmt.Errorf("%s: its oneha %s answers in format %d, not %d: install the same oneha on all servers", host.Name(), facts.Oneha, facts.Format, Format)
	}
	return facts, clock(sent, received, facts), nil
}

// clock compares two clocks as NTP does (RFC 5905, 8): from when something was asked and
// answered here, and when it came in and went out there.
func clock(sent, received time.Time, f Facts) *Clock {
	began, ended := time.Unix(0, f.Began), time.Unix(0, f.Ended)
	way := received.Sub(sent) - ended.Sub(began)
	if way < 0 {
		return nil // a clock was set meanwhile
	}
	return &Clock{Offset: (began.Sub(sent) + ended.Sub(received)) / 2, Within: way / 2}
}

// asked says what an error of the other server means.
func asked(host remote.Host, err error) error {
	var exit *remote.ExitError
	if errors.As(err, &exit) && (exit.Code == 126 || exit.Code == 127) {
		return fmt.Errorf("%s: oneha cannot be run there: install it on all servers: %w", host.Name(), err)
	}
	return err
}

// bounded is a buffer that refuses to grow without end.
type bounded struct {
	bytes.Buffer
	most int
}

// Write adds to the buffer.
func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > b.most {
		return 0, fmt.Errorf("the answer has more than %d MB", b.most>>20)
	}
	return b.Buffer.Write(p)
}

// fetch has another server send files, and calls take with each, in the order of the
// request. An error of take ends it; trouble is that of the other server with this file.
func fetch(ctx context.Context, host remote.Host, r Request, take func(i int, content io.Reader, trouble error) error) error {
	in, err := json.Marshal(r)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	from, to := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := host.Stream(ctx, bytes.NewReader(in), to, Argv...)
		to.CloseWithError(err) // nil is an end of file
		ended <- err
	}()
	err = receive(tar.NewReader(from), len(r.Files), take)
	if err == nil {
		_, err = io.Copy(io.Discard, from) // the padding behind the archive
	}
	from.CloseWithError(errors.New("nobody listens any more"))
	if err != nil {
		cancel()
		<-ended
		return asked(host, err)
	}
	return asked(host, <-ended)
}

// receive hands on the members of an archive.
func receive(archive *tar.Reader, count int, take func(int, io.Reader, error) error) error {
	for i := range count {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("%d of %d files arrived: %w", i, count, io.ErrUnexpectedEOF)
		}
		if err != nil {
			return err
		}
		if h.Name != strconv.Itoa(i) {
			return fmt.Errorf("file %q arrived in the place of %d", h.Name, i)
		}
		var refused error
		if why := h.PAXRecords[trouble]; why != "" {
			refused = errors.New(why)
		}
		if err := take(i, archive, refused); err != nil {
			return err
		}
	}
	return nil
}
