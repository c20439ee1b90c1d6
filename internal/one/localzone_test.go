package one

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
)

func TestLocalZone(t *testing.T) {
	for document, want := range map[string]int{
		"<OPENNEBULA_CONFIGURATION><DB><BACKEND><![CDATA[sqlite]]></BACKEND></DB><FEDERATION><MASTER_ONED><![CDATA[]]></MASTER_ONED><MODE><![CDATA[SLAVE]]></MODE><SERVER_ID><![CDATA[1]]></SERVER_ID><ZONE_ID><![CDATA[102]]></ZONE_ID></FEDERATION></OPENNEBULA_CONFIGURATION>": 102,
		"<OPENNEBULA_CONFIGURATION><FEDERATION><ZONE_ID><![CDATA[0]]></ZONE_ID></FEDERATION></OPENNEBULA_CONFIGURATION>":                                                                                                                                                          0,
		"<OPENNEBULA_CONFIGURATION></OPENNEBULA_CONFIGURATION>":                                                                     -1,
		"<OPENNEBULA_CONFIGURATION><FEDERATION><ZONE_ID>mine</ZONE_ID></FEDERATION></OPENNEBULA_CONFIGURATION>":                     -1,
		"<OPENNEBULA_CONFIGURATION><ZONE_ID>7</ZONE_ID><FEDERATION><MODE>SLAVE</MODE></FEDERATION></OPENNEBULA_CONFIGURATION>":      -1,
		"<OPENNEBULA_CONFIGURATION><FEDERATION><MODE>standalone</MODE><ZONE_ID>7</ZONE_ID></FEDERATION></OPENNEBULA_CONFIGURATION>": 0,
	} {
		var request string
		e := serve(t, func(c net.Conn) {
			_, _, request = readRequest(c)
			body := success(document)
			fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
		})
		e.path = "/RPC2"
		got, err := LocalZone(context.Background(), e, Credentials{session: "u:p"})
		if (err != nil) != (want < 0) || err == nil && got != want {
			t.Errorf("%s: %d, %v, want %d", document, got, err, want)
		}
		if !strings.Contains(request, "<methodName>one.system.config<") {
			t.Error(request)
		}
	}
}
