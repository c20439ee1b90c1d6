package one

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"
)

// ErrDatabase says that oned has lost its database: starting oned anew mends
// nothing.
var ErrDatabase = errors.New("oned has lost its database")

// Database is where oned keeps its data. Its user and password are never read.
type Database struct {
	Backend string // "sqlite" or "mysql" (which MariaDB is, too)
	Server  string // of mysql: host name or address; "localhost" is a Unix socket
	Port    int    // of mysql; 0 is 3306
	File    string // of sqlite
}

// mysqlPort and mysqlSockets are what the client libraries of MySQL and MariaDB
// are built with in Debian, Ubuntu, RHEL and SUSE.
const mysqlPort = 3306

var mysqlSockets = []string{"/run/mysqld/mysqld.sock", "/var/lib/mysql/mysql.sock", "/run/mysql/mysql.sock"}

// Check looks at the database itself, without oned and without credentials, and
// changes nothing. nil means that it is there and answers; ErrDatabase says what is
// wrong with it; any other error, why that cannot be told.
func (d Database) Check(ctx context.Context) error {
	var err error
	switch d.Backend {
	case "sqlite":
		err = checkSQLite(d.File)
	case "mysql", "mariadb":
		err = d.checkMySQL(ctx)
	default:
		return fmt.Errorf("check the database: backend %q is not known", d.Backend)
	}
	if err != nil {
		return fmt.Errorf("%w: %v", ErrDatabase, err) // %v: it is not the service that hangs or does not listen
	}
	return nil
}

// checkMySQL asks the server as oned's client library does: "localhost" is the
// Unix socket.
func (d Database) checkMySQL(ctx context.Context) error {
	port := d.Port
	if port == 0 {
		port = mysqlPort
	}
	if d.Server == localhost {
		for _, path := range mysqlSockets {
			if err := greet(ctx, "unix", path); !errors.Is(err, ErrNotListening) {
				return named("the database server at "+path, err)
			}
		}
		// A socket elsewhere may be in use: the same server mostly listens here, too.
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		return named("the database server at its Unix socket and at "+address, greet(ctx, "tcp", address))
	}
	address := net.JoinHostPort(d.Server, strconv.Itoa(port))
	return named("the database server at "+address, greet(ctx, "tcp", address))
}

func named(what string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

func greet(ctx context.Context, network, address string) error {
	c, err := dial(ctx, network, address)
	if err != nil {
		return err
	}
	defer c.Close()
	sequence, err := greetMySQL(c)
	if err != nil {
		return c.failed(err)
	}
	_ = c.SetDeadline(time.Now().Add(leaveTime)) // of what follows no answer depends
	leaveMySQL(c, sequence)
	return nil
}

// leaveTime is how long the end of a connection may take.
const leaveTime = time.Second
