package one

import (
	"context"
	"fmt"
)

// Hook is a hook.
type Hook struct {
	ID        int    `xml:"ID"`
	Name      string `xml:"NAME"`
	Type      string `xml:"TYPE"`
	Command   string `xml:"TEMPLATE>COMMAND"`
	Arguments string `xml:"TEMPLATE>ARGUMENTS"`
	Stdin     string `xml:"TEMPLATE>ARGUMENTS_STDIN"`
	Resource  string `xml:"TEMPLATE>RESOURCE"`
	State     string `xml:"TEMPLATE>STATE"`
}

// Hooks asks for all hooks (5.10 and later).
func Hooks(ctx context.Context, e Endpoint, c Credentials) ([]Hook, error) {
	var pool struct {
		Hooks []Hook `xml:"HOOK"`
	}
	if err := e.pool(ctx, &pool, "one.hookpool.info", c.session, everyUser, noRange, noRange); err != nil {
		return nil, fmt.Errorf("ask oned at %s for its hooks: %w", e, err)
	}
	return pool.Hooks, nil
}
