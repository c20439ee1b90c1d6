package one

import (
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
)

// A document of the pool that ends between two machines is no smaller pool: who is missing
// from it is not gone. Nor is none at all an empty one.
func TestPartialPools(t *testing.T) {
	for document, want := range map[string]int{
		"<VM_POOL>" + vmDoc(5, 1, shortHistory): 1,
		"<VM_POOL>":                             0,
		"":                                      0,
	} {
		e := serve(t, func(c net.Conn) {
			readRequest(c)
			body := success(document)
			fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
		})
		n := 0
		if err := EachVM(t.Context(), e, Credentials{session: secret}, func(PoolVM) { n++ }); !errors.Is(err, io.ErrUnexpectedEOF) || n != want {
			t.Errorf("%q: %d machines, %v", document, n, err)
		}
	}
	for _, document := range []string{"<VM_POOL></VM_POOL>", "<VM_POOL/>"} {
		e := poolServer(t, document)
		if err := EachVM(t.Context(), e, Credentials{session: secret}, func(PoolVM) { t.Error("a machine") }); err != nil {
			t.Errorf("%s: %v", document, err)
		}
	}
}
