package fakeone

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// ScenePath is where a Server has its cloud as a Scene in JSON: GET tells how it is, PUT
// puts another in its place.
const ScenePath = "/scene"

// monitorEvery is how often a Server looks at hosts in ERROR.
const monitorEvery = 200 * time.Millisecond

// Server is the fake as a process: XML-RPC for a cloud that can be exchanged, with every
// call written down as a line of JSON (Call), by the clock of the machine.
type Server struct {
	calls string // file; a new scene begins it anew

	mu    sync.Mutex
	cloud *Cloud
	log   *os.File
	open  map[net.Conn]bool
}

// NewServer serves an empty cloud and writes calls to a file.
func NewServer(calls string) (*Server, error) {
	s := &Server{calls: calls, open: map[net.Conn]bool{}}
	return s, s.begin(Scene{})
}

// Run answers until ctx ends.
func (s *Server) Run(ctx context.Context, l net.Listener) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+ScenePath, s.tell)
	mux.HandleFunc("PUT "+ScenePath, s.exchange)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { s.now().Handler().ServeHTTP(w, r) })
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, ConnState: s.count}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go s.monitor(ctx)
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve %s: %w", l.Addr(), err)
	}
	return nil
}

// begin puts a cloud and an empty list of calls in the place of the old ones.
func (s *Server) begin(scene Scene) error {
	log, err := os.OpenFile(s.calls, os.O_CREATE|os.O_TRUNC|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("begin the list of calls: %w", err)
	}
	c := scene.Cloud()
	c.Called = func(call Call) {
		line, err := json.Marshal(call)
		if err == nil {
			_, err = log.Write(append(line, '\n'))
		}
		if err != nil {
			panic(fmt.Sprintf("fakeone: a call is not in the list: %v", err)) // a test would count wrong
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.log != nil {
		s.log.Close()
	}
	s.cloud, s.log = c, log
	return nil
}

func (s *Server) now() *Cloud {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cloud
}

func (s *Server) tell(w http.ResponseWriter, _ *http.Request) {
	scene := s.now().Scene()
	s.mu.Lock()
	scene.Open = len(s.open) - 1
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(scene) // who asked sees that it is not whole
}

func (s *Server) exchange(w http.ResponseWriter, r *http.Request) {
	var scene Scene
	err := json.NewDecoder(r.Body).Decode(&scene)
	if err == nil {
		err = s.begin(scene)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

// count keeps the connections that are open.
func (s *Server) count(c net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch state {
	case http.StateNew:
		s.open[c] = true
	case http.StateClosed, http.StateHijacked:
		delete(s.open, c)
	}
}

func (s *Server) monitor(ctx context.Context) {
	tick := time.NewTicker(monitorEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if c := s.now(); c.Monitors {
				c.monitorAll()
			}
		}
	}
}
