package one

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
)

// DefaultAuthFile holds the credentials of oneadmin on a front-end.
const DefaultAuthFile = "/var/lib/one/.one/one_auth"

// Credentials are a user's name and password or token, as the API takes them.
// They print as nothing, so that no log can hold them; the zero value is none.
type Credentials struct{ session string }

// String hides the credentials.
func (Credentials) String() string { return "(credentials)" }

// GoString hides the credentials.
func (Credentials) GoString() string { return "(credentials)" }

// ReadCredentials reads the first line, user:password, of a one_auth file. Its
// errors name the file and never what is in it.
func ReadCredentials(file string) (Credentials, error) {
	// Non-blocking: opening a named pipe must not hang.
	f, err := os.OpenFile(file, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return Credentials{}, fmt.Errorf("read credentials: %w", err)
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return Credentials{}, fmt.Errorf("read credentials: %s is not a regular file", file)
	}
	text, err := io.ReadAll(io.LimitReader(f, 4096))
	if err != nil {
		return Credentials{}, fmt.Errorf("read credentials: %w", err)
	}
	c, err := parseCredentials(string(text))
	if err != nil {
		return Credentials{}, fmt.Errorf("read credentials: %s %w", file, err)
	}
	return c, nil
}

// parseCredentials reads the text of a one_auth file. The error completes a
// sentence that begins with the file's name.
func parseCredentials(text string) (Credentials, error) {
	line, _, _ := strings.Cut(text, "\n")
	line = strings.TrimSpace(line)
	user, _, ok := strings.Cut(line, ":")
	if !ok || user == "" {
		return Credentials{}, errors.New("does not begin with a line user:password")
	}
	return Credentials{session: line}, nil
}
