package ocf

import (
	"io"
	"time"
)

// Env is the world of one call, injected so that a test can be a cluster. Main
// fills it from the process. Every field but Args may be left out.
type Env struct {
	Args   []string                         // after argv[0]; an agent gets exactly one, the action
	Lookup func(name string) (string, bool) // environment variables; nil: none is set
	Stdout io.Writer                        // metadata and usage, nothing else; nil: thrown away
	Stderr io.Writer                        // exit reason, and the log where there is no other; nil: thrown away
	Now    func() time.Time                 // nil: time.Now
	Pid    int                              // shown in the log

	// Syslog takes one message as RFC 3164 has it on the local socket:
	// "<PRI>Mmm dd hh:mm:ss tag: text". It must not block. nil: no syslog.
	Syslog func(message []byte) error
	// LogFile opens the file named by HA_LOGFILE for appending. nil: no log file.
	LogFile func(path string) (io.WriteCloser, error)
}

// complete returns env with its gaps filled.
func (env Env) complete() Env {
	if env.Lookup == nil {
		env.Lookup = func(string) (string, bool) { return "", false }
	}
	if env.Stdout == nil {
		env.Stdout = io.Discard
	}
	if env.Stderr == nil {
		env.Stderr = io.Discard
	}
	if env.Now == nil {
		env.Now = time.Now
	}
	return env
}

// get returns an environment variable, "" when it is unset.
func (env Env) get(name string) string {
	v, _ := env.Lookup(name)
	return v
}
