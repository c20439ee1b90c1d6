package incident

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/test/fakeone"
)

// A server that lost the lead while the hook waited sees an old picture of the hosts: it
// has no power cut.
func TestFollowerFencesNothing(t *testing.T) {
	for state, cuts := range map[string]int{"1": 0, "2": 0, "3": 1} { // candidate, follower, leader
		w := newWorld(t)
		w.Add(fakeone.VM{ID: 0, Name: "vm", State: 3, LCM: 16, Host: 1})
		cloud := w.Handler()
		server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			if bytes.Contains(body, []byte("one.zone.raftstatus")) {
				_, _ = io.WriteString(rw, `<?xml version="1.0"?><methodResponse><params><param><value><array><data><value><boolean>1</boolean></value><value><string>`+
					`&lt;RAFT&gt;&lt;SERVER_ID&gt;0&lt;/SERVER_ID&gt;&lt;STATE&gt;`+state+`&lt;/STATE&gt;&lt;TERM&gt;7&lt;/TERM&gt;&lt;/RAFT&gt;`+
					`</string></value><value><i4>0</i4></value></data></array></value></param></params></methodResponse>`)
				return
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			cloud.ServeHTTP(rw, r)
		}))
		t.Cleanup(server.Close)
		endpoint, err := one.ParseEndpoint(server.URL + "/RPC2")
		if err != nil {
			t.Fatal(err)
		}
		w.work.Endpoint = endpoint
		if err := w.run("1 -m -p 0"); (err == nil) != (cuts == 1) || w.power.cuts != cuts || (len(w.done()) > 0) != (cuts == 1) {
			t.Errorf("state %s: %v, %d cuts, %q", state, err, w.power.cuts, w.done())
		}
		if log := w.logged(t); cuts == 0 && !strings.Contains(log, "[E] this server does not lead its zone any more") {
			t.Error(log)
		}
	}
}
