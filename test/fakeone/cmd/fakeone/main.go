// Command fakeone is a fake of the cloud behind an oned as a process of its own, for
// tests on machines. It is no part of an installation.
package main

import (
	"context"
	"flag"
	"log"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/oneha/oneha/test/fakeone"
)

func main() {
	log := log.New(os.Stderr, "fakeone: ", 0) // the journal adds the time
	listen := flag.String("listen", "127.0.0.1:2633", "answer at `ADDRESS`")
	calls := flag.String("calls", "/var/log/one/fakeone.calls", "write every call to `FILE`")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	server, err := fakeone.NewServer(*calls)
	if err != nil {
		log.Fatal(err)
	}
	l, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	if err := server.Run(ctx, l); err != nil {
		log.Fatal(err)
	}
}
