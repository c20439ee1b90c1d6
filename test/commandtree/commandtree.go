// Package commandtree has the command line of oneha for tests of what is made from it.
package commandtree

import (
	"bytes"
	"context"
	"encoding/json"
	"os/exec"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/commands"
)

// Load builds the program and asks it.
func Load(t *testing.T) commands.Command {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute) // compiles, perhaps everything
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", "run", "-tags", "urfave_cli_no_docs", "github.com/oneha/oneha/cmd/oneha", "reference")
	var out, bad bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &out, &bad, time.Second
	if err := cmd.Run(); err != nil {
		t.Fatalf("oneha reference: %v: %s", err, bad.String())
	}
	var top commands.Command
	if err := json.Unmarshal(out.Bytes(), &top); err != nil {
		t.Fatal(err)
	}
	return top
}
