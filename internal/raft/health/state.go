package health

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/oneha/oneha/internal/raft/guard/control"
)

// readState reads the body of a guard's /health. Keys that it does not know are those
// of a later guard; keys that are missing are empty.
func readState(text []byte) (*control.State, error) {
	var s control.State
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, fmt.Errorf("read answer of guard: %w", err)
	}
	if s.Version < 1 {
		return nil, errors.New("read answer of guard: it has no version: what answers there is no guard")
	}
	return &s, nil
}
