package one

import (
	"cmp"
	"errors"
	"io/fs"
	"net"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Settings say where a service answers and whom it asks.
type Settings struct {
	Endpoint Endpoint // where it answers; zero for a service without a port
	Oned     Endpoint // the oned that it asks; zero for one that asks none
	Events   Endpoint // of hem: where it gets oned's events
}

// eventsPort is where oned publishes events (HM_MAD in oned.conf).
const eventsPort = 2101

// Settings reads the configuration file of the service; "" is the one that its
// package installs. A missing file and a missing key mean the defaults and are no
// error; what is malformed means its default and an error with file:line:column.
func (s Service) Settings(file string) (Settings, error) {
	if file == "" {
		file = s.Config
	}
	if file == "" {
		return s.defaults(), nil
	}
	text, err := readConfig(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return s.parseSettings(file, "")
	case err != nil:
		return s.defaults(), err
	}
	return s.parseSettings(file, text)
}

// defaults are the settings of a service without a configuration file.
func (s Service) defaults() Settings {
	d, _ := s.parseSettings("", "") // nothing can be wrong with nothing
	return d
}

func (s Service) parseSettings(file, text string) (Settings, error) {
	r := settingsReader{}
	set := Settings{}
	host, port := "", s.Port
	if s.asksOned {
		set.Oned, _ = ParseEndpoint(DefaultEndpoint)
	}
	if s.asked == asSubscriber {
		set.Events = endpointOf(localhost, eventsPort)
	}
	switch s.written {
	case onedConf:
		c, mistakes := parseOnedConfig(file, text)
		set.Endpoint, set.Oned = c.Endpoint(), c.Endpoint()
		return set, joined(file, mistakes)
	case schedConf:
		const key = "ONE_XMLRPC"
		r.template(text, key)
		r.oned(&set.Oned, key)
	case rubyYAML:
		r.yaml(text)
		if w := r.word(":server"); w.text != "" {
			r.wrong(w, "want a map, on one line or with a line for each key")
		}
		r.host(&host, ":server/:bind", ":host")
		r.port(&port, ":server/:port", ":port")
		r.oned(&set.Oned, ":one_xmlrpc")
		if s.asked == asSubscriber {
			r.zeroMQ(&set.Events, ":subscriber_endpoint")
		}
	case plainYAML:
		r.yaml(text)
		r.host(&host, "host")
		r.port(&port, "port")
		r.oned(&set.Oned, "one_xmlrpc")
	case novncYAML:
		r.yaml(text)
		r.hostPort(&host, &port, ":vnc_proxy_port")
		set.Endpoint.tls = strings.EqualFold(r.word(":vnc_proxy_support_wss").text, "only")
	case guacdOptions:
		var o guacdConfig
		o, r.mistakes = parseGuacd(text)
		host, set.Endpoint.tls = cmp.Or(o.host, localhost), o.tls
		if o.port != 0 {
			port = o.port
		}
	}
	if s.Port != 0 {
		e := endpointOf(host, port)
		e.tls = set.Endpoint.tls
		set.Endpoint = e
	}
	return set, joined(file, r.mistakes)
}

// settingsReader takes single values out of a file and collects what is wrong.
type settingsReader struct {
	words    map[string]yamlWord
	mistakes []mistake
}

func (r *settingsReader) yaml(text string) {
	r.words, r.mistakes = parseYAML(text)
}

func (r *settingsReader) template(text, name string) {
	all, bad := parseTemplate(text)
	if bad != nil {
		r.mistakes = append(r.mistakes, *bad)
	}
	if a, ok := find(all, name); ok {
		m := mistakeAt(text, a.offset, "")
		r.words = map[string]yamlWord{name: {a.text, m.line, m.column}}
	}
}

// word is the value of the first of the keys that has one.
func (r *settingsReader) word(keys ...string) yamlWord {
	for _, k := range keys {
		if w := r.words[k]; w.text != "" {
			return w
		}
	}
	return yamlWord{}
}

func (r *settingsReader) wrong(w yamlWord, what string) {
	r.mistakes = append(r.mistakes, mistake{w.line, w.column, what})
}

func (r *settingsReader) port(port *int, keys ...string) {
	w := r.word(keys...)
	if w.text == "" {
		return
	}
	if n, err := parsePort(w.text); err != nil {
		r.wrong(w, err.Error())
	} else {
		*port = n
	}
}

func (r *settingsReader) host(host *string, keys ...string) {
	w := r.word(keys...)
	if !isHost(w.text) {
		r.wrong(w, "want an address or a host name")
		return
	}
	*host = w.text
}

// isHost reports whether s may be an address, a host name, or nothing.
func isHost(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool {
		return !(c < utf8.RuneSelf && isNameByte(byte(c)) || strings.ContainsRune(".-:%[]*", c))
	})
}

func (r *settingsReader) oned(e *Endpoint, key string) {
	w := r.word(key)
	if w.text == "" {
		return
	}
	if parsed, err := ParseEndpoint(w.text); err != nil {
		r.wrong(w, "the endpoint of oned "+err.Error())
	} else {
		*e = parsed
	}
}

// hostPort reads a port, or an address and a port as websockify takes them.
func (r *settingsReader) hostPort(host *string, port *int, key string) {
	w := r.word(key)
	if w.text == "" {
		return
	}
	h, p, err := net.SplitHostPort(w.text)
	if err != nil {
		h, p = "", w.text
	}
	n, err := parsePort(p)
	switch {
	case err != nil:
		r.wrong(w, err.Error())
	case !isHost(h):
		r.wrong(w, "want a port, or an address and a port")
	default:
		*host, *port = h, n
	}
}

// zeroMQ reads a ZeroMQ endpoint such as tcp://localhost:2101.
func (r *settingsReader) zeroMQ(e *Endpoint, key string) {
	w := r.word(key)
	if w.text == "" {
		return
	}
	rest, isTCP := strings.CutPrefix(w.text, "tcp://")
	host, port, err := net.SplitHostPort(rest)
	n, bad := parsePort(port)
	if !isTCP || err != nil || host == "" || !isHost(host) || bad != nil {
		r.wrong(w, "want a ZeroMQ endpoint such as tcp://localhost:2101")
		return
	}
	*e = endpointOf(host, n)
}

func parsePort(s string) (int, error) {
	n, err := strconv.Atoi(strings.TrimSpace(s))
	if err != nil || n < 1 || n > 65535 {
		return 0, errors.New("want a port, a number from 1 to 65535")
	}
	return n, nil
}
