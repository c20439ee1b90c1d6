package soak

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/oneha/oneha/test/fakeone"
)

// cloud is a stand-in of an OpenNebula whose machines change all the time, for oneha
// recover to look at.
type cloud struct {
	server   *http.Server
	endpoint string
	auth     string // file
	ended    chan error
}

// machines are so many that a report about them is worth leaking.
const machines = 50

func upCloud(dir string) (*cloud, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("make cloud: %w", err)
	}
	auth := filepath.Join(dir, "one_auth")
	if err := os.WriteFile(auth, []byte(fakeone.Session+"\n"), 0o600); err != nil {
		l.Close()
		return nil, fmt.Errorf("make cloud: %w", err)
	}
	// Another cloud every few seconds is what changes; none is asked for long.
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scene(time.Now().Unix()/7).ServeHTTP(w, r)
	})}
	c := &cloud{server: server, endpoint: "http://" + l.Addr().String() + "/RPC2", auth: auth, ended: make(chan error, 1)}
	go func() { c.ended <- server.Serve(l) }()
	return c, nil
}

// scene is a cloud in which other machines are stuck each time.
func scene(n int64) http.Handler {
	c := fakeone.New()
	c.Add(fakeone.Host{ID: 1, State: 2, Name: "kvm1"}, fakeone.Datastore{ID: 0, Name: "system", Shared: "YES"})
	for id := range machines {
		lcm := []int{1, 2, 3, 3, 3, 8}[(int64(id)+n)%6] // PROLOG, BOOT, RUNNING, PROLOG_MIGRATE
		c.Add(fakeone.VM{ID: id, Name: fmt.Sprintf("vm-%d", id), State: 3, LCM: lcm, Host: 1, User: map[string]string{}, Begin: time.Now().Add(-time.Hour).Unix()})
	}
	return c.Handler()
}

// Close ends the server and waits until it has ended.
func (c *cloud) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	err := c.server.Shutdown(ctx)
	if served := <-c.ended; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
