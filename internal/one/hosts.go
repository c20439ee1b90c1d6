package one

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// HostDetail is a hypervisor with what its template says.
type HostDetail struct {
	Host
	Before   HostState // PREV_STATE
	Template map[string]string
}

// UnmarshalXML reads a HOST document.
func (h *HostDetail) UnmarshalXML(d *xml.Decoder, start xml.StartElement) error {
	if start.Name.Local != "HOST" {
		return fmt.Errorf("a document of %s, not of HOST", start.Name.Local)
	}
	var document struct {
		Host
		ID       string    `xml:"ID"` // as it is written: as a number, none would be host 0
		Before   HostState `xml:"PREV_STATE"`
		Template struct {
			Attributes []struct {
				XMLName xml.Name
				Text    string `xml:",chardata"`
			} `xml:",any"`
		} `xml:"TEMPLATE"`
	}
	if err := d.DecodeElement(&document, &start); err != nil {
		return err
	}
	id, err := strconv.Atoi(strings.TrimSpace(document.ID))
	if err != nil || id < 0 {
		return errors.New("the document of the host has no ID")
	}
	h.Host, h.Before, h.Template = document.Host, document.Before, map[string]string{}
	h.ID = id
	for _, a := range document.Template.Attributes {
		h.Template[a.XMLName.Local] = a.Text
	}
	return nil
}

// ParseHost reads the document of a host, as a hook is given it.
func ParseHost(document []byte) (HostDetail, error) {
	var h HostDetail
	if err := xml.NewDecoder(bytes.NewReader(document)).Decode(&h); err != nil {
		return h, fmt.Errorf("read the document of the host: %w", ended(err))
	}
	return h, nil
}

// AskHost asks for a host.
func AskHost(ctx context.Context, e Endpoint, c Credentials, id int) (HostDetail, error) {
	var h HostDetail
	if err := e.pool(ctx, &h, "one.host.info", c.session, id); err != nil {
		return h, fmt.Errorf("ask oned at %s for host %d: %w", e, id, err)
	}
	return h, nil
}

// DisableHost makes the scheduler place nothing on a host; it is monitored as before.
func DisableHost(ctx context.Context, e Endpoint, c Credentials, id int) error {
	const disabled = 1
	if err := e.change(ctx, "one.host.status", c.session, id, disabled); err != nil {
		return fmt.Errorf("disable host %d: %w", id, err)
	}
	return nil
}

// SetHostOffline takes a host out of service: it is not monitored any more, and
// nothing is placed on it (5.0 and later).
func SetHostOffline(ctx context.Context, e Endpoint, c Credentials, id int) error {
	const offline = 2
	if err := e.change(ctx, "one.host.status", c.session, id, offline); err != nil {
		return fmt.Errorf("set host %d offline: %w", id, err)
	}
	return nil
}

// Datastore is a datastore.
type Datastore struct {
	ID     int    `xml:"ID"`
	Name   string `xml:"NAME"`
	Shared string `xml:"TEMPLATE>SHARED"` // YES, NO, or "" when it does not say
}

// Datastores asks for all datastores.
func Datastores(ctx context.Context, e Endpoint, c Credentials) ([]Datastore, error) {
	var pool struct {
		Datastores []Datastore `xml:"DATASTORE"`
	}
	if err := e.pool(ctx, &pool, "one.datastorepool.info", c.session); err != nil {
		return nil, fmt.Errorf("ask oned at %s for its datastores: %w", e, err)
	}
	return pool.Datastores, nil
}
