// Package results keeps what became of rounds and runs in files of JSON lines, so that
// several that run at once, or one that was interrupted, can be reported together.
package results

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// Append adds a result to a file, which it makes when there is none, as one line written
// at once: several may do so at the same time.
func Append(path string, result any) error {
	line, err := json.Marshal(result)
	if err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	_, err = file.Write(append(line, '\n'))
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	return nil
}

// Read reads a file of results, oldest first. Of one that ends within a line, as after a
// loss of power, it returns an error that says how many there are before it.
func Read[T any](path string) ([]T, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read results: %w", err)
	}
	defer file.Close()
	var all []T
	for in := json.NewDecoder(file); ; {
		var one T
		switch err := in.Decode(&one); {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, fmt.Errorf("read results: %s, after %d of them: %w", path, len(all), err)
		}
		all = append(all, one)
	}
}
