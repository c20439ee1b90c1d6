package one

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

// OnedConfig is what oned.conf says about things that a cluster must know.
type OnedConfig struct {
	File         string
	Port         int    // TCP port of XML-RPC
	Listen       string // address that XML-RPC listens at
	DB           Database
	ServerID     int  // FEDERATION SERVER_ID; -1: alone, no Raft
	ZoneID       int  // FEDERATION ZONE_ID
	LeaderHook   bool // a RAFT_LEADER_HOOK is set
	FollowerHook bool // a RAFT_FOLLOWER_HOOK is set
}

// Defaults of oned (src/nebula/NebulaTemplate.cc).
const (
	onedPort     = 2633
	onedListen   = "0.0.0.0"
	onedServerID = -1
	onedDataDir  = "/var/lib/one"
)

// ReadOnedConfig reads an oned.conf as oned does, but leniently: it returns what
// could be read, and for the rest oned's defaults and an error with file, line and
// column. A file that is not there is fs.ErrNotExist. Of the database it reads the
// place, never the user or the password.
func ReadOnedConfig(file string) (OnedConfig, error) {
	text, err := readConfig(file)
	if err != nil {
		c, _ := parseOnedConfig(file, "")
		return c, err
	}
	c, mistakes := parseOnedConfig(file, text)
	return c, joined(file, mistakes)
}

// joined is the error for the mistakes in a file, nil for none.
func joined(file string, mistakes []mistake) error {
	var errs []error
	for _, m := range mistakes {
		errs = append(errs, m.in(file))
	}
	return errors.Join(errs...)
}

func parseOnedConfig(file, text string) (OnedConfig, []mistake) {
	all, first := parseTemplate(text)
	r := templateReader{text: text}
	if first != nil {
		r.mistakes = append(r.mistakes, *first)
	}
	federation := r.vector(all, "FEDERATION")
	c := OnedConfig{
		File:     file,
		Port:     r.number(all, "PORT", onedPort, 1, 65535),
		Listen:   r.word(all, "LISTEN_ADDRESS", onedListen),
		ServerID: r.number(federation, "SERVER_ID", onedServerID, -1, 1<<31-1),
		ZoneID:   r.number(federation, "ZONE_ID", 0, 0, 1<<31-1),
	}
	c.LeaderHook = r.word(r.vector(all, "RAFT_LEADER_HOOK"), "COMMAND", "") != ""
	c.FollowerHook = r.word(r.vector(all, "RAFT_FOLLOWER_HOOK"), "COMMAND", "") != ""
	db := r.vector(all, "DB")
	c.DB = Database{
		Backend: strings.ToLower(r.word(db, "BACKEND", "sqlite")),
		Server:  r.word(db, "SERVER", localhost),
		Port:    r.number(db, "PORT", 0, 0, 65535),
		File:    filepath.Join(dataDir(file), "one.db"),
	}
	return c, r.mistakes
}

// dataDir is where the oned with that configuration file keeps its data: a
// self-contained installation has etc and var beside each other.
func dataDir(file string) string {
	etc := filepath.Dir(file)
	if filepath.Base(etc) == "etc" && etc != "/etc" {
		return filepath.Join(filepath.Dir(etc), "var")
	}
	return onedDataDir
}

// templateReader takes values out of attributes and collects what is wrong.
type templateReader struct {
	text     string
	mistakes []mistake
}

func (r *templateReader) word(all []attribute, name, otherwise string) string {
	a, ok := find(all, name)
	switch {
	case !ok || a.vector == nil && a.text == "":
		return otherwise
	case a.vector != nil:
		r.mistakes = append(r.mistakes, mistakeAt(r.text, a.offset, name+" is a vector, want a single value"))
		return otherwise
	}
	return a.text
}

func (r *templateReader) number(all []attribute, name string, otherwise, low, high int) int {
	word := r.word(all, name, strconv.Itoa(otherwise))
	n, err := strconv.Atoi(word)
	if err != nil || n < low || n > high {
		a, _ := find(all, name)
		r.mistakes = append(r.mistakes, mistakeAt(r.text, a.offset, fmt.Sprintf("%s is not a number from %d to %d", name, low, high)))
		return otherwise
	}
	return n
}

func (r *templateReader) vector(all []attribute, name string) []attribute {
	a, ok := find(all, name)
	if ok && a.vector == nil {
		r.mistakes = append(r.mistakes, mistakeAt(r.text, a.offset, name+" is a single value, want a vector in [ ]"))
	}
	return a.vector
}

// Endpoint is where this oned answers, asked from its own machine.
func (c OnedConfig) Endpoint() Endpoint {
	port := c.Port
	if port == 0 {
		port = onedPort
	}
	return onedAt(c.Listen, port)
}

// Raft says, in words, why this is a server of a Raft zone; "" if it is not. Such a
// server elects its leader itself, and a cluster manager that starts and stops it
// would work against that.
func (c OnedConfig) Raft() string {
	var why []string
	if c.ServerID >= 0 {
		why = append(why, fmt.Sprintf("FEDERATION SERVER_ID is %d (-1 is alone)", c.ServerID))
	}
	if c.LeaderHook {
		why = append(why, "RAFT_LEADER_HOOK is set")
	}
	if c.FollowerHook {
		why = append(why, "RAFT_FOLLOWER_HOOK is set")
	}
	if len(why) == 0 {
		return ""
	}
	return "in " + c.File + " " + strings.Join(why, ", ")
}
