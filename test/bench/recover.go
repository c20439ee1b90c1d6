package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/oneha/oneha/test/fakeone"
)

// machineCounts are the virtual machines of the clouds that oneha recover looks at.
var machineCounts = []int{50, 500, 5000}

// leftBehind is how many of fifty machines a failover has left between two states.
const leftBehind = 3

// recoverFound is the exit code of oneha recover when something is left to do.
const recoverFound = 1

// recoverLines measures the list of oneha recover for more and more machines, each beside the
// smallest cloud: what it asks oned for is the list of all of them. Each cloud is a stand-in
// in this process, so CPU time and memory are ours alone; the wall clock has the stand-in's
// answers in it. The hypervisors are not asked: that is one ssh for each, not for each machine.
func recoverLines(ctx context.Context, t *table, dir string) error {
	credentials := filepath.Join(dir, "one_auth")
	if err := os.WriteFile(credentials, []byte(fakeone.Session+"\n"), 0o600); err != nil {
		return err
	}
	var list []program
	for _, n := range machineCounts {
		url, stop, err := serve(cloudOf(n))
		if err != nil {
			return err
		}
		defer stop()
		list = append(list, program{
			name: fmt.Sprintf("oneha recover, %d machines", n), code: recoverFound,
			args: []string{onehaPath, "recover", "--json", "--endpoint", url, "--credentials", credentials, "--started", "none"},
		})
	}
	costs, err := contest(ctx, "recover for more machines", growthRounds, list...)
	if err != nil {
		return err
	}
	var peaks []peak
	for _, p := range list {
		var one peak
		if err := one.of(ctx, p); err != nil {
			return err
		}
		peaks = append(peaks, one)
	}
	first := fmt.Sprintf("%d machines", machineCounts[0])
	for i, n := range machineCounts[1:] {
		what := fmt.Sprintf("recover, %d machines", n)
		linear := atMost(float64(n) / float64(machineCounts[0]))
		t.beside(what+", CPU", cpu, costs[i+1], first, costs[0], linear)
		t.beside(what+", wall", wall, costs[i+1], first, costs[0], limit{})
		t.memory(what+", peak memory", peaks[i+1].bytes, first, peaks[0].bytes)
	}
	return nil
}

// serve answers for a cloud on a port of its own until stop is called.
func serve(cloud *fakeone.Cloud) (url string, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{Handler: cloud.Handler(), ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			fmt.Fprintln(os.Stderr, "bench: the stand-in for oned:", err) // what asks it fails
		}
	}()
	return fmt.Sprintf("http://%s/RPC2", l.Addr()), func() { _ = server.Close(); <-ended }, nil
}

// cloudOf is a cloud of so many machines on two hosts after a failover: each has a start
// script, as machines have, and leftBehind of fifty wait for an answer.
func cloudOf(machines int) *fakeone.Cloud {
	cloud := fakeone.New()
	cloud.Add(fakeone.Host{ID: 1, Name: "host1", State: 2}, fakeone.Host{ID: 2, Name: "host2", State: 2})
	script := "<CONTEXT><START_SCRIPT><![CDATA[" + strings.Repeat("echo hello; ", 200) + "]]></START_SCRIPT></CONTEXT>"
	const active, boot, shutdownPoweroff, running = 3, 2, 18, 3
	for i := range machines {
		vm := fakeone.VM{ID: i, Name: fmt.Sprintf("machine-%d", i), State: active, LCM: running, Host: 1 + i%2, Begin: 1, Template: script}
		if i%50 < leftBehind {
			vm.LCM = []int{boot, shutdownPoweroff}[i%2]
		}
		cloud.Add(vm)
	}
	return cloud
}
