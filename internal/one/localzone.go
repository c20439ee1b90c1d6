package one

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// LocalZone asks oned for the ID of its own zone, which no call about zones tells: it is
// in the configuration that it runs with (FEDERATION; src/nebula/Nebula.cc), 0 unless it
// is one of several zones. Old releases tell only users in the group oneadmin.
func LocalZone(ctx context.Context, e Endpoint, c Credentials) (int, error) {
	var config struct {
		Mode string `xml:"FEDERATION>MODE"`
		Zone *int   `xml:"FEDERATION>ZONE_ID"`
	}
	err := e.pool(ctx, &config, "one.system.config", c.session)
	switch {
	case err == nil && strings.EqualFold(config.Mode, "STANDALONE"): // oned does not look at ZONE_ID then
		return 0, nil
	case err == nil && config.Zone != nil:
		return *config.Zone, nil
	case err == nil:
		err = errors.New("its configuration has no FEDERATION with a ZONE_ID")
	}
	return 0, fmt.Errorf("ask oned at %s for its zone: %w", e, err)
}
