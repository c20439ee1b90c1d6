package incident

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/oneha/oneha/internal/one"
)

// Mode is what is wanted for the machines of a dead host.
type Mode string

const (
	Migrate  Mode = "migrate"
	Recreate Mode = "recreate"
	Delete   Mode = "delete"
)

// Options are the words behind the host in the hook's arguments.
type Options struct {
	Mode      Mode // the last one given
	Force     bool // suspended and powered-off machines as well
	Pause     int  // in cycles
	NoFencing bool
	// Anew forgets what the record of an earlier incident says. The original has no such
	// option.
	Anew bool
}

// Event is what OpenNebula called the hook with.
type Event struct {
	Host    int
	Before  one.HostState // PREV_STATE in the event, -1 when it was called with an ID
	Text    string        // by which the same event is known again, "" with an ID
	Options Options
}

// ErrMode is what the original says, word for word.
//
//lint:ignore ST1005 its words
var ErrMode = errors.New("Exiting. A mode must be supplied.")

// Words are the arguments of the hook: its own, or those on standard input, which
// OpenNebula sends as one line when the hook has ARGUMENTS_STDIN=yes.
func Words(args []string, stdin string) []string {
	if len(args) > 0 {
		return args
	}
	return strings.Fields(stdin)
}

// Parse reads the words as Ruby's GetoptLong does for the original: options in any order
// up to --, short ones alone or together (-mf), long ones as far as they are told from
// others (--mig), and the host, as its ID or as its document in base64. On an error the
// event has what was read.
func Parse(words []string) (Event, error) {
	e := Event{Host: -1, Before: -1, Options: Options{Pause: 2}}
	host, failed, ended := "", error(nil), false
	for i := 0; i < len(words); i++ {
		word := words[i]
		if word == "--" && !ended {
			ended = true
			continue
		}
		if ended || !strings.HasPrefix(word, "-") || word == "-" {
			if host == "" {
				host = word
			}
			continue
		}
		used, err := e.Options.set(word, words[i+1:])
		if err != nil && failed == nil {
			failed = err
		}
		i += used
	}
	if host == "" {
		return e, errors.New("no host is given: neither its ID nor its document in base64")
	}
	if err := e.host(host); err != nil {
		return e, err
	}
	if failed == nil && e.Options.Mode == "" {
		failed = ErrMode
	}
	return e, failed
}

// host reads the word that says which host it is. A number is an ID: a document in
// base64 is never as short.
func (e *Event) host(word string) error {
	if id, err := strconv.Atoi(word); err == nil && id >= 0 {
		e.Host = id
		return nil
	}
	document, err := base64.StdEncoding.DecodeString(word)
	if err != nil || !bytes.Contains(document, []byte("<")) { // a name such as kvm1 is base64, too
		return errors.New("the host is neither an ID nor a document in base64: give the ID that onehost list has; the hook wants ARGUMENTS = \"$TEMPLATE ...\"")
	}
	h, err := one.ParseHost(document)
	if err != nil {
		return err
	}
	e.Host, e.Before, e.Text = h.ID, h.Before, digest(word)
	return nil
}

// set reads a word of options; used are the words behind it that belong to it.
func (o *Options) set(word string, rest []string) (used int, err error) {
	if name, long := strings.CutPrefix(word, "--"); long {
		name, value, has := strings.Cut(name, "=")
		letter, err := longOption(name)
		switch {
		case err != nil:
			return 0, err
		case letter == 'p':
			return o.pause(value, has, rest, "option `--pause' requires an argument")
		case has:
			return 0, fmt.Errorf("option `--%s' doesn't allow an argument", name)
		}
		o.flag(letter)
		return 0, nil
	}
	for i, letter := range word[1:] {
		if letter == 'p' {
			value := word[i+2:]
			return o.pause(value, value != "", rest, "option requires an argument -- p")
		}
		if !strings.ContainsRune("mdrfu", letter) {
			return 0, fmt.Errorf("invalid option -- %c", letter)
		}
		o.flag(letter)
	}
	return 0, nil
}

var letters = map[string]rune{"migrate": 'm', "delete": 'd', "recreate": 'r', "force": 'f', "pause": 'p', "no-fencing": 'u', "anew": 'a'}

// longOption finds an option by its name, or by the beginning of one.
func longOption(name string) (rune, error) {
	if letter, whole := letters[name]; whole {
		return letter, nil
	}
	var found []rune
	for full, letter := range letters {
		if name != "" && strings.HasPrefix(full, name) {
			found = append(found, letter)
		}
	}
	switch len(found) {
	case 0:
		return 0, fmt.Errorf("unrecognized option `--%s'", name)
	case 1:
		return found[0], nil
	}
	return 0, fmt.Errorf("option `--%s' is ambiguous", name)
}

func (o *Options) flag(letter rune) {
	switch letter {
	case 'm':
		o.Mode = Migrate
	case 'd':
		o.Mode = Delete
	case 'r':
		o.Mode = Recreate
	case 'f':
		o.Force = true
	case 'u':
		o.NoFencing = true
	case 'a':
		o.Anew = true
	}
}

// maxPause is a day in cycles of a minute: more is a slip of the pen.
const maxPause = 1440

func (o *Options) pause(value string, given bool, rest []string, missing string) (used int, err error) {
	if !given {
		if len(rest) == 0 {
			return 0, errors.New(missing)
		}
		value, used = rest[0], 1
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 || n > maxPause {
		return used, fmt.Errorf("-p %q is no number of cycles from 0 to %d", value, maxPause)
	}
	o.Pause = n
	return used, nil
}
