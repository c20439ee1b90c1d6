package one

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// mergeTemplate is the kind of update that keeps the rest of a template (XML-RPC
// API, one.zone.update).
const mergeTemplate = 1

// AddServer adds a server to a zone; oned gives it the next free ID, which the
// caller learns from AskZone. From then on the zone counts one more for its
// majority. The call must reach the zone's leader or a follower that passes it on.
//
// oned answers when a majority has the change, which may never be: an error that is
// no *APIError, ErrHung above all, leaves open whether it was made or will yet be.
//
// Of the server its name and its endpoints count; GRPC is left out when it is "".
func AddServer(ctx context.Context, e Endpoint, c Credentials, zone int, server ZoneServer) error {
	template, err := serverTemplate(server)
	if err == nil {
		err = e.change(ctx, "one.zone.addserver", c.session, zone, template)
	}
	if err != nil {
		return fmt.Errorf("add server %q to zone %d by oned at %s: %w", server.Name, zone, e, err)
	}
	return nil
}

// DeleteServer removes a server from a zone. The one that is removed goes on with its
// SERVER_ID and becomes a candidate: stop it first. What is said of errors at
// AddServer holds here, too.
func DeleteServer(ctx context.Context, e Endpoint, c Credentials, zone, server int) error {
	if err := e.change(ctx, "one.zone.delserver", c.session, zone, server); err != nil {
		return fmt.Errorf("remove server %d from zone %d by oned at %s: %w", server, zone, e, err)
	}
	return nil
}

// SetZoneEndpoint changes ENDPOINT of a zone's template and nothing else in it.
// What is said of errors at AddServer holds here, too.
func SetZoneEndpoint(ctx context.Context, e Endpoint, c Credentials, zone int, endpoint string) error {
	text, err := quoted(endpoint)
	if err == nil {
		err = e.change(ctx, "one.zone.update", c.session, zone, "ENDPOINT="+text, mergeTemplate)
	}
	if err != nil {
		return fmt.Errorf("set the endpoint of zone %d to %q by oned at %s: %w", zone, endpoint, e, err)
	}
	return nil
}

// serverTemplate is how one.zone.addserver takes a server.
func serverTemplate(server ZoneServer) (string, error) {
	var pairs []string
	for _, pair := range []struct{ key, value string }{{"NAME", server.Name}, {"ENDPOINT", server.Endpoint}, {"ENDPOINT_GRPC", server.GRPC}} {
		if pair.key == "ENDPOINT_GRPC" && pair.value == "" {
			continue
		}
		value, err := quoted(pair.value)
		if err != nil {
			return "", err
		}
		pairs = append(pairs, pair.key+"="+value)
	}
	return "SERVER=[" + strings.Join(pairs, ",") + "]", nil
}

// quoted is a value in double quotes of OpenNebula's grammar, in which a backslash
// has no sure meaning and an end of line no place in a name or an endpoint.
func quoted(value string) (string, error) {
	switch {
	case value == "":
		return "", errors.New("the value is empty")
	case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == '"' || r == '\\' || r == 0x7f }):
		return "", fmt.Errorf("%q has quotes, backslashes or control characters", value)
	}
	return `"` + value + `"`, nil
}

// change makes a call that yields the ID of what it changed, or anything else.
func (e Endpoint) change(ctx context.Context, method string, params ...any) error {
	return e.post(ctx, call(method, params...), func(body io.Reader) error {
		text, err := io.ReadAll(io.LimitReader(body, maxAnswer))
		if err != nil {
			return fmt.Errorf("read HTTP answer: %w", err)
		}
		return done(text)
	})
}
