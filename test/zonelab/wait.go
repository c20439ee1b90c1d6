package zonelab

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/oneha/oneha/test/fakezone"
)

// Raft is what a server's oned says of its part in the zone.
type Raft struct {
	ServerID, Term, LogIndex, Commit int
	State                            fakezone.State
}

// Raft asks the oned of a server, from the switch.
func (l *Lab) Raft(ctx context.Context, server string) (Raft, error) {
	text, err := l.call(ctx, server, "one.zone.raftstatus")
	if err != nil {
		return Raft{}, err
	}
	var r struct {
		ServerID int            `xml:"SERVER_ID"`
		State    fakezone.State `xml:"STATE"`
		Term     int            `xml:"TERM"`
		Commit   int            `xml:"COMMIT"`
		LogIndex int            `xml:"LOG_INDEX"`
	}
	if err := xml.Unmarshal([]byte(text), &r); err != nil {
		return Raft{}, fmt.Errorf("read state of %s: %w", server, err)
	}
	return Raft{ServerID: r.ServerID, State: r.State, Term: r.Term, Commit: r.Commit, LogIndex: r.LogIndex}, nil
}

// call makes an XML-RPC call with oneadmin's credentials and returns the text of its
// result.
func (l *Lab) call(ctx context.Context, server, method string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	id := -1
	for i, name := range l.Servers() {
		if name == server {
			id = i
		}
	}
	if id < 0 {
		return "", fmt.Errorf("no server %q", server)
	}
	body := fmt.Sprintf(`<?xml version="1.0"?><methodCall><methodName>%s</methodName><params><param><value><string>%s</string></value></param></params></methodCall>`, method, l.secrets.auth)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, Endpoint(id), bytes.NewBufferString(body))
	if err != nil {
		return "", err
	}
	client := http.Client{Transport: &http.Transport{DialContext: l.Cluster.Dial, DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return "", fmt.Errorf("ask oned of %s: %w", server, err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return "", fmt.Errorf("ask oned of %s: %w", server, err)
	}
	var array struct {
		Values []struct {
			Boolean string `xml:"boolean"`
			String  string `xml:"string"`
		} `xml:"params>param>value>array>data>value"`
	}
	if err := xml.Unmarshal(answer, &array); err != nil || len(array.Values) < 2 {
		return "", errors.Join(fmt.Errorf("ask oned of %s: it answered %q", server, answer), err)
	}
	if ok, _ := strconv.ParseBool(array.Values[0].Boolean); !ok {
		return "", fmt.Errorf("oned of %s refused: %s", server, array.Values[1].String)
	}
	return array.Values[1].String, nil
}

// Wait asks done until it says that nothing is missing (""), or ctx ends.
func (l *Lab) Wait(ctx context.Context, what string, missing func(context.Context) string) error {
	for {
		last := missing(ctx)
		if last == "" {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w: %s", what, ctx.Err(), last)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// WaitLeader waits until exactly one of the servers is leader and the others follow
// in its term, and returns its name. With no servers given it is all of them.
func (l *Lab) WaitLeader(ctx context.Context, servers ...string) (leader string, err error) {
	if len(servers) == 0 {
		servers = l.Servers()
	}
	err = l.Wait(ctx, "a leader", func(ctx context.Context) string {
		leader = ""
		term := -1
		for _, s := range servers {
			r, err := l.Raft(ctx, s)
			switch {
			case err != nil:
				return err.Error()
			case r.State == fakezone.Leader && leader != "":
				return leader + " and " + s + " both say leader"
			case r.State == fakezone.Leader:
				leader = s
			case r.State != fakezone.Follower:
				return s + " is " + r.State.String()
			}
			if term >= 0 && r.Term != term {
				return fmt.Sprintf("%s is in term %d, not %d", s, r.Term, term)
			}
			term = r.Term
		}
		if leader == "" {
			return "all follow"
		}
		return ""
	})
	return leader, err
}

// Holders are the servers that have the floating IP, as their kernels say, in
// whatever state their processes are.
func (l *Lab) Holders() ([]string, error) {
	var names []string
	for _, n := range l.Cluster.Nodes {
		held, err := n.Holds(VIP.Addr())
		if err != nil {
			return nil, err
		}
		if held {
			names = append(names, n.Name)
		}
	}
	return names, nil
}

// Hooked returns when the oned of a server first started the hook of a role (leader,
// follower) after t; the zero time when it has not.
func (l *Lab) Hooked(ctx context.Context, server, role string, t time.Time) (time.Time, error) {
	text, err := l.Shell(ctx, server, "cat /var/lib/one/fake-events") // see fakezone.Event
	if err != nil {
		return time.Time{}, err
	}
	for line := range strings.Lines(text) {
		if f := strings.Fields(line); len(f) > 4 && f[2] == "hook" && f[3] == role && f[4] == "start" {
			at, err := time.Parse(time.RFC3339Nano, f[0])
			if err != nil || at.After(t) {
				return at, err
			}
		}
	}
	return time.Time{}, nil
}
