package fence_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/oneha/oneha/fence"
)

// lamp is a device that switches a lamp.
type lamp struct{ state fence.State }

func (l *lamp) Power(context.Context) (fence.State, error)       { return l.state, nil }
func (l *lamp) SetPower(_ context.Context, s fence.State) error  { l.state = s; return nil }
func (*lamp) Close(context.Context) error                        { return nil }
func open(context.Context, *fence.Request) (fence.Device, error) { return &lamp{fence.On}, nil }
func env(stdin string) fence.Env {
	return fence.Env{
		Stdin: strings.NewReader(stdin), Stdout: os.Stdout, Stderr: os.Stderr, Getenv: func(string) string { return "" },
		Now: time.Now, Sleep: func(context.Context, time.Duration) error { return nil },
	}
}

// Two agents for the same devices. In a program, Main runs the one whose name it
// was called by.
func Example() {
	a := fence.Agent{
		Name: "fence_lamp", Version: "1.0", Short: "Fence agent for lamps",
		Long:     "fence_lamp switches lamps behind TLS.",
		Options:  append(fence.TLSOptions(), fence.Option{Name: "colour", Arg: "name", Type: fence.String, Text: "Colour of the lamp"}),
		Defaults: map[string]string{"ipport": "443"},
		Login:    fence.ByPassword,
		Open:     open,
	}
	b := a
	b.Name, b.Short = "fence_old_lamp", "Fence agent for lamps without TLS"
	b.Defaults = map[string]string{"ipport": "80", "ssl": "0"}

	for _, agent := range []fence.Agent{a, b} {
		code := fence.Run(context.Background(), agent, env("ip=192.0.2.1\nusername=u\npassword=p\naction=off\n"))
		fmt.Println(agent.Name, code)
	}
	// Output:
	// Success: Powered OFF
	// fence_lamp 0
	// Success: Powered OFF
	// fence_old_lamp 0
}

// stuck is a lamp that takes every command, says so, and stays on.
type stuck struct{ lamp }

func (*stuck) SetPower(context.Context, fence.State) error { return nil }

// A device that accepts "off" and does not switch has not fenced: off is a success only
// when it was seen off.
func ExampleRun() {
	a := fence.Agent{
		Name: "fence_lamp", Version: "1.0", Short: "Fence agent for lamps", Long: "fence_lamp switches lamps.",
		Open: func(context.Context, *fence.Request) (fence.Device, error) { return &stuck{lamp{fence.On}}, nil },
	}
	e := env("ip=192.0.2.1\naction=off\n")
	clock := time.Unix(0, 0)
	e.Now = func() time.Time { return clock }
	e.Sleep = func(_ context.Context, d time.Duration) error { clock = clock.Add(d); return nil }
	e.Stderr = io.Discard
	fmt.Println(fence.Run(context.Background(), a, e))
	// Output: 1
}

// A password prints as what it is.
func ExampleSecret() {
	password := fence.NewSecret("correct horse")
	fmt.Printf("login with %v, %+v\n", password, struct{ P fence.Secret }{password})
	fmt.Println(len(password.Reveal()), "characters")
	// Output:
	// login with [secret], {P:[secret]}
	// 13 characters
}
