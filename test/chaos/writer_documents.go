package chaos

import (
	"context"
	"encoding/xml"
	"fmt"
	"net"
	"strconv"
	"time"
)

// documentStore writes documents of OpenNebula.
type documentStore struct {
	call    func(ctx context.Context, endpoint, method string, params ...any) (string, error)
	url     string
	session string
}

// documentType is one that OpenNebula leaves to applications; its own are 100 to 103.
const documentType = 1013

func (d documentStore) write(ctx context.Context, number int) (int, error) {
	text, err := d.call(ctx, d.url, "one.document.allocate", d.session, fmt.Sprintf("NAME=\"write-%d\"\nNUMBER=\"%[1]d\"\n", number), documentType)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(text)
}

func (d documentStore) read(ctx context.Context, first, last int) (map[int]int, error) {
	text, err := d.call(ctx, d.url, "one.documentpool.info", d.session, -2, first, last, documentType)
	if err != nil {
		return nil, err
	}
	var pool struct {
		Documents []struct {
			ID     int `xml:"ID"`
			Number int `xml:"TEMPLATE>NUMBER"`
		} `xml:"DOCUMENT"`
	}
	if err := xml.Unmarshal([]byte(text), &pool); err != nil {
		return nil, fmt.Errorf("read documents: %w", err)
	}
	found := map[int]int{}
	for _, one := range pool.Documents {
		found[one.ID] = one.Number
	}
	return found, nil
}

// connectLimit is for a connection alone: its first packet is sent again only after a
// second, in which a new owner of the address would be missed.
const connectLimit = 300 * time.Millisecond

// impatient gives up what does not connect at once.
func impatient(dial func(ctx context.Context, network, address string) (net.Conn, error)) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, connectLimit)
		defer cancel()
		return dial(ctx, network, address)
	}
}
