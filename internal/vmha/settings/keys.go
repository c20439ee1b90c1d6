package settings

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/fenceagent"
	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/vmha/recovery"
)

func (r *reader) top(s *Settings, body ast.Node) {
	for _, f := range r.fields(body, "the file") {
		switch f.key {
		case "version":
			if v, ok := r.text(f); ok && v != "1" {
				r.error(f.at, "version "+clip(v)+" is not known", "write version: 1")
			}
		case "wait":
			r.wait(&s.Wait, f)
		case "fencing":
			r.fencing(&s.Fencing, f)
		case "offline":
			r.yes(&s.Offline, f)
		case "priority":
			if v, ok := r.text(f); ok && !attribute.MatchString(v) {
				r.error(f.at, "priority is not the name of an attribute", "write one such as ONEHA_PRIORITY, as it stands in onevm show")
			} else if ok {
				s.Priority = v
			}
		case "settle":
			r.duration(&s.Settle, f, time.Second, time.Hour)
		case "unknown":
			r.duration(&s.Unknown, f, time.Second, 24*time.Hour)
		case "deadline":
			r.duration(&s.Deadline, f, time.Second, 24*time.Hour)
		case "storage":
			for _, f := range r.fields(f.value, "storage") {
				switch f.key {
				case "local":
					r.act(&s.Storage.Local, f, Skip, Recreate, Delete)
				case "unasked":
					r.act(&s.Storage.Unasked, f, Skip, Handle, Recreate, Delete)
				default:
					r.unknown(f, " in storage", "local", "unasked")
				}
			}
		case "states":
			r.states(s.States, f)
		case "missed":
			if v, ok := r.text(f); ok && v != "report" && v != "handle" {
				r.error(f.at, "missed is neither report nor handle", "write one of them")
			} else if v == "handle" {
				s.Missed = Handle
			}
		case "endpoint":
			if v, ok := r.text(f); ok {
				if _, err := one.ParseEndpoint(v); err != nil {
					r.error(f.at, "endpoint "+clip(err.Error()), "remove it on a front-end: the default is "+one.DefaultEndpoint)
				}
				s.Endpoint = v
			}
		case "credentials":
			r.path(&s.AuthFile, f)
		default:
			r.unknown(f, "", "version", "wait", "fencing", "offline", "priority", "settle", "unknown", "deadline", "storage", "states", "missed", "endpoint", "credentials")
		}
	}
}

var attribute = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,63}$`)

func (r *reader) wait(w *Wait, f field) {
	for _, f := range r.fields(f.value, "wait") {
		switch f.key {
		case "cycle":
			r.duration(&w.Cycle, f, time.Second, time.Hour)
		case "interval":
			r.duration(&w.Interval, f, 100*time.Millisecond, 10*time.Minute)
		case "samples":
			r.count(&w.Samples, f)
		case "agree":
			r.count(&w.Agree, f)
		default:
			r.unknown(f, " in wait", "cycle", "interval", "samples", "agree")
		}
	}
}

func (r *reader) fencing(s *Fencing, f field) {
	for _, f := range r.fields(f.value, "fencing") {
		if f.key != "hosts" {
			r.way(&s.Common, f, "hosts")
			continue
		}
		for _, h := range r.fields(f.value, "hosts") {
			var w Way
			for _, f := range r.fields(h.value, "host "+clip(h.key)) {
				r.way(&w, f)
			}
			s.Hosts[h.key] = w
		}
	}
}

// way reads one key of how a host is fenced.
func (r *reader) way(w *Way, f field, more ...string) {
	texts := map[string]*string{"agent": &w.Agent, "ip": &w.Address, "username": &w.Username, "plug": &w.Plug}
	into := texts[f.key]
	switch {
	case f.key == "options":
		r.options(w, f)
	case f.key == "password_file":
		r.path(&w.PasswordFile, f)
	case f.key == "password":
		r.error(f.at, "a password does not belong into this file", "write it to a file of mode 0600 that belongs to oneadmin, and give password_file")
	case into == nil:
		r.unknown(f, " in fencing", append(more, "agent", "ip", "username", "password_file", "plug", "options")...)
	default:
		v, ok := r.text(f)
		if ok && f.key == "agent" {
			if _, known := fenceagent.Like(v); !known {
				r.error(f.at, "no agent of oneha takes the place of "+clip(v), "use "+strings.Join(Agents(), ", "))
			}
		}
		if _, err := netip.ParseAddr(v); ok && f.key == "ip" && err != nil && !hostName.MatchString(v) {
			r.error(f.at, clip(v)+" is neither an address nor a name", "write the address of the BMC")
		}
		*into = v
	}
}

var hostName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?$`)

// Agents are the names of ours.
func Agents() (names []string) {
	for _, a := range fenceagent.All() {
		names = append(names, a.Name)
	}
	return names
}

// given are options that have a key of their own, or that the hook gives.
var given = map[string]string{"action": "", "ip": "ip", "username": "username", "password": "password_file", "password_file": "password_file",
	"password_script": "password_file", "plug": "plug", "nodename": "", "port": "plug", "login": "username", "passwd": "password_file", "ipaddr": "ip"}

func (r *reader) options(w *Way, f field) {
	for _, f := range r.fields(f.value, "options") {
		v, ok := r.text(f)
		key, taken := given[f.key]
		switch {
		case taken && key == "":
			r.error(f.at, "the hook itself gives "+f.key, "remove it")
		case taken:
			r.error(f.at, clip(f.key)+" has a key of its own", "write "+key+": beside options")
		case !attribute.MatchString(f.key):
			r.error(f.at, fmt.Sprintf("%q is no name of an option", clip(f.key)), "see the agent's --help")
		case ok:
			w.Options = append(w.Options, Option{f.key, v})
		}
	}
}

func (r *reader) states(into map[string]Act, f field) {
	var names []string
	for _, s := range recovery.States {
		names = append(names, s.Name)
	}
	for _, f := range r.fields(f.value, "states") {
		act := Handle
		r.act(&act, f, Handle, Skip, Recreate, Delete)
		if !slices.Contains(names, f.key) {
			fix := "use a name as onevm show has it, such as PROLOG"
			if meant := diag.Nearest(f.key, names); meant != "" {
				fix = fmt.Sprintf("did you mean %q?", meant)
			}
			r.error(f.at, fmt.Sprintf("there is no state %q", clip(f.key)), fix)
			continue
		}
		into[f.key] = act
	}
}

func (r *reader) act(into *Act, f field, may ...Act) {
	v, ok := r.text(f)
	if ok && !slices.Contains(may, Act(v)) {
		r.error(f.at, clip(f.key)+" cannot be "+clip(v), fmt.Sprintf("use one of %v", may))
	} else if ok {
		*into = Act(v)
	}
}

func (r *reader) yes(into *bool, f field) {
	v, ok := r.text(f)
	switch {
	case !ok:
	case v == "yes" || v == "true":
		*into = true
	case v == "no" || v == "false":
		*into = false
	default:
		r.error(f.at, f.key+" is neither yes nor no", "write one of them")
	}
}

func (r *reader) duration(into *time.Duration, f field, least, most time.Duration) {
	v, ok := r.text(f)
	if !ok {
		return
	}
	d, err := time.ParseDuration(v)
	if err != nil || d < least || d > most {
		r.error(f.at, fmt.Sprintf("%s is no time from %s to %s", f.key, least, most), "write one such as 30s or 5m")
		return
	}
	*into = d
}

func (r *reader) count(into *int, f field) {
	v, ok := r.text(f)
	if !ok {
		return
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > 1000 {
		r.error(f.at, f.key+" is no number from 1 to 1000", "write one such as 3")
		return
	}
	*into = n
}

func (r *reader) path(into *string, f field) {
	v, ok := r.text(f)
	if ok && !filepath.IsAbs(v) {
		r.error(f.at, f.key+" is not a whole path", "write one that begins with /")
	} else if ok {
		*into = filepath.Clean(v)
	}
}
