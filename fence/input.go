package fence

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// input is what a caller said, before defaults: canonical names, checked values.
type input struct {
	values   map[string]string // of options that are not secret
	secrets  map[string]Secret // of those that are
	verbose  int               // how often verbose was asked for
	warnings []string          // what was ignored
}

func newInput() input {
	return input{values: map[string]string{}, secrets: map[string]Secret{}}
}

// set stores one value. The action is checked each time it is given, so that a
// wrong one is never hidden by a later right one.
func (in *input) set(t *table, o *Option, value string) error {
	if o.Secret {
		in.secrets[o.Name] = NewSecret(value)
		return nil
	}
	if o.Name == "action" {
		action, err := t.parseAction(value)
		if err != nil {
			return err
		}
		value = action
	}
	value, err := o.check(value)
	if err != nil {
		return err
	}
	if o.Name == "verbose" {
		if value == "1" {
			in.verbose++
		} else {
			in.verbose = 0
		}
	}
	in.values[o.Name] = value
	return nil
}

func (t *table) parseAction(word string) (string, error) {
	action := strings.ToLower(word)
	if action == "meta-data" {
		action = ActionMetadata
	}
	known := t.actions()
	if !slices.Contains(known, action) {
		return "", fmt.Errorf("unknown action %q: use one of %s", word, strings.Join(known, ", "))
	}
	return action, nil
}

// parseStdin reads "name=value" lines (FenceAgentAPI, "Agent Operations and
// Return Values"). Lines are trimmed; empty lines and comments are skipped; one
// pair of double quotes around a value is removed; the last value wins. An
// unknown name is a warning, because clusters pass attributes of their own; but
// nothing that may have been meant as the action is passed over.
func parseStdin(t *table, text string) (input, error) {
	in := newInput()
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		if !ok || !wellFormed(name) { // the line itself is not shown: it may be part of a password
			return in, fmt.Errorf(`line %d of standard input is not name=value: write one option a line, without spaces around "="`, i+1)
		}
		if n := len(value); n >= 2 && value[0] == '"' && value[n-1] == '"' {
			value = value[1 : n-1]
		}
		o := t.find(name)
		switch {
		case o != nil:
			if err := in.set(t, o, value); err != nil {
				return in, err
			}
		case looksLikeAction(name):
			return in, fmt.Errorf(`line %d of standard input gives %q: write "action="`, i+1, name)
		default:
			in.warnings = append(in.warnings, fmt.Sprintf("unknown option %q on standard input is ignored", name))
		}
	}
	if _, ok := in.values["action"]; !ok && len(in.warnings) > 0 {
		return in, errors.New("no action is given, and " + in.warnings[0] + ": the default action, reboot, is not assumed; add an action= line")
	}
	return in, nil
}

// wellFormed reports whether name has the form of an option's name.
func wellFormed(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '_' || r == '-' || r == '.')
	})
}

// looksLikeAction reports whether an unknown name was meant as the action, e.g.
// "Action", "--action", "-o", or "option", which fence agents of old used.
func looksLikeAction(name string) bool {
	letters := strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' {
			return r
		}
		return -1
	}, strings.ToLower(name))
	return slices.Contains([]string{"action", "option", "o"}, letters)
}

// parseArgs reads a GNU getopt command line: --ip=x, --ip x, -a x, -ax, clusters
// of flags, and the beginnings of long flags that fit one only. Whatever is not
// understood is an error: a person typed it.
func parseArgs(t *table, args []string) (input, error) {
	in := newInput()
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		var err error
		switch {
		case arg == "--" && len(args) == 0:
		case strings.HasPrefix(arg, "--") && arg != "--":
			args, err = in.long(t, arg[2:], args)
		case strings.HasPrefix(arg, "-") && arg != "-" && arg != "--":
			args, err = in.short(t, arg[1:], args)
		default:
			err = errors.New("an argument that is not an option was given: the action is set by -o or --action; see --help")
		}
		if err != nil {
			return in, err
		}
	}
	return in, nil
}

func (in *input) long(t *table, flag string, rest []string) ([]string, error) {
	name, value, hasValue := strings.Cut(flag, "=")
	o, err := t.findFlag(name)
	switch {
	case err != nil:
		return nil, err
	case hasValue:
		return rest, in.set(t, o, value)
	case !o.takesValue():
		return rest, in.set(t, o, "1")
	case len(rest) == 0:
		return nil, fmt.Errorf("option --%s needs a value", o.flag())
	}
	return rest[1:], in.set(t, o, rest[0])
}

// short reads a cluster of flags; the last one may take the rest of the
// argument, or else the next argument, as its value.
func (in *input) short(t *table, cluster string, rest []string) ([]string, error) {
	for i := range len(cluster) {
		o := t.byShort[cluster[i]]
		switch {
		case o == nil:
			return nil, fmt.Errorf("unknown option %q: see --help", "-"+cluster[i:i+1])
		case !o.takesValue():
			if err := in.set(t, o, "1"); err != nil {
				return nil, err
			}
		case i+1 < len(cluster):
			return rest, in.set(t, o, cluster[i+1:])
		case len(rest) == 0:
			return nil, fmt.Errorf("option -%c needs a value", o.Short)
		default:
			return rest[1:], in.set(t, o, rest[0])
		}
	}
	return rest, nil
}
