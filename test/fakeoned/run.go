package fakeoned

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Config is what a fake is told.
type Config struct {
	Role      string        // "oned", another service of the front-end, or "database"
	Listen    string        // address and port
	Endpoint  string        // oned's XML-RPC, for the services that ask it
	Events    []string      // where oned's hook driver listens, and the Hook Execution Manager connects
	Auth      string        // see AuthFile; for oned, and for services that ask it as oneadmin
	Shared    string        // see SharedDir
	Modes     string        // see ModeDir
	Lock      string        // oned only, as all below: see LockFile
	SQLite    string        // see SQLiteFile
	Node      string        // the machine's name in the database
	StartTime time.Duration // until it opens its port; the real one takes 5 to 9 s
	PortWait  time.Duration // until it gives up on a port that another program has; the real one takes 32 s
	StopTime  time.Duration // from SIGTERM to the end; the real one takes 7 to 8 s
}

// ParseFlags reads the arguments of the program. hostname is the default of
// -node; texts for the user go to out.
func ParseFlags(args []string, hostname string, out io.Writer) (Config, error) {
	var c Config
	var events string
	names := strings.Join(slices.Sorted(maps.Keys(roles)), ", ")
	f := flag.NewFlagSet("fakeoned", flag.ContinueOnError)
	f.SetOutput(out)
	f.StringVar(&c.Role, "role", "oned", "what to stand for: "+names)
	f.StringVar(&c.Listen, "listen", "", "address:port to listen on (default: every address, the role's port)")
	f.StringVar(&c.Endpoint, "endpoint", "http://127.0.0.1:2633/RPC2", "XML-RPC of oned, for roles that ask it")
	f.StringVar(&events, "events", "127.0.0.1:2101,127.0.0.1:2102", "oned: address:port of the hook driver, which publishes and which replies, \"\" for none; hem: connects there")
	f.StringVar(&c.Auth, "auth", AuthFile, "file with user:password")
	f.StringVar(&c.Shared, "shared", SharedDir, "database directory, shared by all nodes")
	f.StringVar(&c.Modes, "modes", ModeDir, "directory with the files that switch this node's behaviour")
	f.StringVar(&c.Lock, "lock", LockFile, "lock file")
	f.StringVar(&c.SQLite, "sqlite", SQLiteFile, "link to the database file that oned makes")
	f.StringVar(&c.Node, "node", hostname, "name of this machine")
	f.DurationVar(&c.StartTime, "start-time", 0, "time until oned opens its port")
	f.DurationVar(&c.PortWait, "port-wait", 3*time.Second, "time until oned gives up on a port that another program has")
	f.DurationVar(&c.StopTime, "stop-time", 300*time.Millisecond, "time that an orderly end of oned takes")
	if err := f.Parse(args); err != nil {
		return Config{}, err
	}
	if f.NArg() > 0 {
		return Config{}, fmt.Errorf("parse arguments: %q is not an option", f.Arg(0))
	}
	if events != "" {
		c.Events = strings.Split(events, ",")
	}
	role, known := roles[c.Role]
	if !known {
		return Config{}, fmt.Errorf("parse arguments: no role %q: use one of %s", c.Role, names)
	}
	if c.Listen == "" && role.port != "" {
		c.Listen = ":" + role.port
	}
	return c, nil
}

// roles are the services that the fake can be, with their ports, and MySQL.
var roles = map[string]struct {
	port string
	run  runner
}{
	"oned":      {"2633", runOned},
	"sunstone":  {"9869", runWeb},
	"fireedge":  {"2616", runWeb},
	"gate":      {"5030", runWeb},
	"flow":      {"2474", runWeb},
	"form":      {"13013", runWeb},
	"ks":        {"10780", runWeb},
	"novnc":     {"29876", runWeb},
	"guacd":     {"4822", runGuacd},
	"hem":       {"", runHEM},
	"scheduler": {"", runScheduler},
	"showback":  {"", runShowback},
	"database":  {"3306", runMySQL},
}

// runner is a role until ctx ends; a nil error is an orderly end. It calls ready
// once it does its work, with words for what that is.
type runner func(ctx context.Context, c Config, ready func(does string), log *log.Logger) error

// Run is the fake until ctx ends. It calls ready once it works, with words for
// what it does. A nil error is an orderly end.
func Run(ctx context.Context, c Config, ready func(does string), log *log.Logger) error {
	err := roles[c.Role].run(ctx, c, ready, log)
	if ctx.Err() != nil {
		c.obey(log)
	}
	return err
}

// modes are the switches of this fake.
func (c Config) modes() switches { return switches{shared: c.Shared, node: c.Modes} }

// obey returns at once, unless the role is to ignore SIGTERM: then never.
func (c Config) obey(log *log.Logger) {
	file := filepath.Join(c.Modes, IgnoreTerm(c.Role))
	if _, err := os.Stat(file); err != nil {
		return
	}
	log.Printf("stays in spite of SIGTERM, because of %s", file)
	select {}
}
