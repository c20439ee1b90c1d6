// Command fakeredfish runs the stand-in for a Redfish BMC until it is told to end,
// and then prints what it got: power commands, then sessions, then requests.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/oneha/oneha/test/fakeredfish"
)

func main() {
	var o fakeredfish.Options
	flag.StringVar(&o.Address, "listen", "127.0.0.1:8443", "`address` to listen on")
	flag.DurationVar(&o.Late, "late", 0, "until a change of power shows")
	flag.BoolVar(&o.Off, "off", false, "start powered off")
	flag.BoolVar(&o.Ignore, "ignore", false, "take power commands and do nothing")
	flag.BoolVar(&o.NoBasic, "no-basic", false, "basic authentication is switched off")
	flag.BoolVar(&o.NoSessions, "no-sessions", false, "there are no sessions")
	systems := flag.String("systems", "1", "Ids of the systems, `comma`-separated")
	names := flag.String("names", "", "names in the certificate, `comma`-separated (default the address)")
	ca := flag.String("ca", "", "`file` to write the authority's certificate to, once the BMC listens")
	flag.Func("rule", "misbehave: `METHOD PATH FAULT`, may be repeated", func(text string) error {
		r, err := fakeredfish.ParseRule(text)
		o.Rules = append(o.Rules, r)
		return err
	})
	flag.Parse()
	for id := range strings.SplitSeq(*systems, ",") {
		o.Systems = append(o.Systems, fakeredfish.System{ID: id})
	}
	if *names != "" {
		o.CertNames = strings.Split(*names, ",")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o, *ca); err != nil {
		fmt.Fprintln(os.Stderr, "fakeredfish:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o fakeredfish.Options, ca string) error {
	b, err := fakeredfish.Start(o)
	if err != nil {
		return err
	}
	if ca != "" {
		if err := os.WriteFile(ca, b.CA, 0o644); err != nil {
			b.Close()
			return err
		}
	}
	<-ctx.Done()
	for _, c := range b.Commands() {
		fmt.Printf("command %s %s taken=%t\n", c.System, c.ResetType, c.Taken)
	}
	open, ever := b.Sessions()
	fmt.Printf("sessions open=%d ever=%d\n", open, ever)
	for _, r := range b.Requests() {
		fmt.Printf("request %s %s %s\n", r.Method, r.Path, r.Auth)
	}
	return b.Close()
}
