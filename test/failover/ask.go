package failover

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/oneha/oneha/test/lab"
)

// Times of the questions to oned: a closed port is asked again after askInterval; an
// address that is silent holds a question up for askTimeout.
const (
	askInterval = 10 * time.Millisecond
	askTimeout  = 200 * time.Millisecond
)

// answers asks oned on the floating IP, from the switch, until it answers, and returns
// when it did. The lab's own poller asks ten times a second, too seldom for this.
func answers(ctx context.Context, c *lab.Cluster) (time.Time, error) {
	client := &http.Client{Timeout: askTimeout, Transport: &http.Transport{DisableKeepAlives: true, DialContext: c.Dial}}
	for {
		err := ask(ctx, client, c.URL(), c.Session())
		if err == nil {
			return time.Now(), nil
		}
		select {
		case <-ctx.Done():
			return time.Time{}, fmt.Errorf("wait for oned to answer: %w (last: %v)", ctx.Err(), err)
		case <-time.After(askInterval):
		}
	}
}

// ask calls one.system.version.
func ask(ctx context.Context, client *http.Client, url, session string) error {
	body := `<?xml version="1.0"?><methodCall><methodName>one.system.version</methodName><params><param><value><string>` +
		session + `</string></value></param></params></methodCall>`
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err == nil && !bytes.Contains(text, []byte("<boolean>1</boolean>")) {
		err = fmt.Errorf("oned answered %s", response.Status)
	}
	return err
}
