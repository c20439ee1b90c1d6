// Command fakeilo is a fake of an HPE iLO's SSH command line, for tests of fence
// agents. It prints each command that it was given on a line.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/oneha/oneha/test/fakeilo"
)

func main() {
	var o fakeilo.Options
	flag.StringVar(&o.Listen, "listen", "127.0.0.1:2222", "address and port")
	flag.BoolVar(&o.Off, "off", false, "start powered off")
	flag.DurationVar(&o.Late, "late", 0, "time until a change of power shows")
	flag.DurationVar(&o.Slow, "slow", 0, "time before each answer")
	flag.DurationVar(&o.LinePause, "line-pause", 0, "time after each line of an answer in the shell")
	flag.BoolVar(&o.RefuseOff, "refuse-off", false, "refuse to power off")
	flag.BoolVar(&o.ManagementProcessor, "mp", false, "begin in Integrity's management processor")
	flag.StringVar((*string)(&o.Exec), "exec", "", "answer to exec requests: refused, silent, empty, hangsup or open")
	flag.Parse()

	s, err := fakeilo.New(o, func(command string) { fmt.Println(command) })
	if err != nil {
		fmt.Fprintln(os.Stderr, "fakeilo:", err)
		os.Exit(1)
	}
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM, syscall.SIGINT)
	fmt.Fprintf(os.Stderr, "fakeilo: a stand-in for an iLO, listening on %s port %d, user %s\n", s.Host(), s.Port(), fakeilo.Username)
	<-end
	s.Close()
}
