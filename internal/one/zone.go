package one

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Zone is an OpenNebula zone, as one.zone.info has it.
type Zone struct {
	ID       int
	Name     string
	Disabled bool         // serves only reads (since 6.2, onezone disable)
	Endpoint string       // what clients of the zone are told
	Servers  []ZoneServer // sorted by ID; none in a zone that is not under Raft
}

// ZoneServer is a server of a Zone. What it does now, only it can tell: AskRaft.
type ZoneServer struct {
	ID       int
	Name     string
	Endpoint string // XML-RPC
	GRPC     string // since 7.2; "" without
}

// Server finds a server of the zone by its ID.
func (z Zone) Server(id int) (ZoneServer, bool) {
	i := slices.IndexFunc(z.Servers, func(s ZoneServer) bool { return s.ID == id })
	if i < 0 {
		return ZoneServer{}, false
	}
	return z.Servers[i], true
}

// AskZone asks for a zone with its servers. Every oned answers this by itself from
// its own database, in every state: one that lags may know an older list. ctx bounds
// the call; errors are those of Version.
func AskZone(ctx context.Context, e Endpoint, c Credentials, id int) (Zone, error) {
	var z Zone
	err := e.post(ctx, call("one.zone.info", c.session, id), func(body io.Reader) error {
		document, err := resultOf(body)
		if err != nil {
			return err
		}
		z, err = readZone(document)
		return err
	})
	if err != nil {
		return Zone{}, fmt.Errorf("ask oned at %s for zone %d: %w", e, id, err)
	}
	return z, nil
}

// readZone reads a ZONE document. Fields that it does not know are passed over.
func readZone(r io.Reader) (Zone, error) {
	z := Zone{ID: -1}
	server := ZoneServer{ID: -1}
	err := eachElement(r, "ZONE", func(path []string, text string) error {
		switch strings.Join(path, "/") {
		case "ID":
			z.ID = number(text)
		case "NAME":
			z.Name = text
		case "STATE":
			z.Disabled = text == "1"
		case "TEMPLATE/ENDPOINT":
			z.Endpoint = text
		case "SERVER_POOL/SERVER/ID":
			server.ID = number(text)
		case "SERVER_POOL/SERVER/NAME":
			server.Name = text
		case "SERVER_POOL/SERVER/ENDPOINT":
			server.Endpoint = text
		case "SERVER_POOL/SERVER/ENDPOINT_GRPC":
			server.GRPC = text
		case "SERVER_POOL/SERVER":
			if server.ID < 0 {
				return errors.New("read ZONE document: a server has no ID")
			}
			z.Servers = append(z.Servers, server)
			server = ZoneServer{ID: -1}
		}
		return nil
	})
	if err == nil && z.ID < 0 {
		err = errors.New("read ZONE document: it has no ID")
	}
	if err != nil {
		return Zone{}, err
	}
	slices.SortFunc(z.Servers, func(a, b ZoneServer) int { return a.ID - b.ID })
	return z, nil
}

// maxZone bounds the documents of this file, in bytes; a zone of five servers has
// 900.
const maxZone = 64 << 10

// eachElement reads a document and calls do at the end of every element below its
// root, with the names from the root down and the text of an element that has no
// others in it.
func eachElement(r io.Reader, root string, do func(path []string, text string) error) error {
	limited := &io.LimitedReader{R: r, N: maxZone}
	d := xml.NewDecoder(limited)
	wrong := func(err error) error {
		if limited.N <= 0 {
			err = fmt.Errorf("it has more than %d bytes", maxZone)
		}
		return fmt.Errorf("read %s document: %w", root, ended(err))
	}
	var path []string // from the root on
	var text strings.Builder
	leaf := false
	for {
		t, err := d.RawToken()
		if err != nil {
			return wrong(err)
		}
		switch t := t.(type) {
		case xml.StartElement:
			if len(path) == 0 && t.Name.Local != root {
				return wrong(fmt.Errorf("it begins with <%s>", t.Name.Local))
			}
			path, leaf = append(path, t.Name.Local), true
			text.Reset()
		case xml.CharData:
			text.Write(t)
		case xml.EndElement:
			last := len(path) - 1
			if last < 0 || path[last] != t.Name.Local {
				return wrong(fmt.Errorf("</%s> ends nothing", t.Name.Local))
			}
			if last == 0 {
				return nil
			}
			value := ""
			if leaf {
				value = strings.TrimSpace(text.String())
			}
			if err := do(path[1:], value); err != nil {
				return err
			}
			path, leaf = path[:last], false
		}
	}
}

// index reads a number of Raft's log. Releases differ in whether -1, for none, is
// written with a sign or as the largest unsigned number.
func index(text string) (int64, bool) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, n >= -1
	}
	if n, err := strconv.ParseUint(text, 10, 64); err == nil && int64(n) == -1 {
		return -1, true
	}
	return 0, false
}
