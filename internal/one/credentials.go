package one

import (
	"errors"
	"fmt"
	"strings"
)

// DefaultAuthFile holds the credentials of oneadmin on a front-end.
const DefaultAuthFile = "/var/lib/one/.one/one_auth"

// Credentials are a user's name and password or token, as the API takes them.
// They print as nothing, so that no log can hold them; the zero value is none.
type Credentials struct {
	session string
	file    string // where they were read, to name it when they are refused
}

// String hides the credentials.
func (Credentials) String() string { return "(credentials)" }

// GoString hides the credentials.
func (Credentials) GoString() string { return "(credentials)" }

// advice says what to look at when the credentials are refused.
func (c Credentials) advice() string {
	switch {
	case c.session == "":
		return "none are given"
	case c.file == "":
		return "correct them"
	}
	return "correct the user and password in " + c.file
}

// ReadCredentials reads the first line, user:password, of a one_auth file. Its
// errors name the file and never what is in it.
func ReadCredentials(file string) (Credentials, error) {
	text, err := readFile(file, 4096)
	if err != nil {
		return Credentials{}, fmt.Errorf("read credentials: %w", err)
	}
	c, err := parseCredentials(text)
	if err != nil {
		return Credentials{}, fmt.Errorf("read credentials: %s %w", file, err)
	}
	c.file = file
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
