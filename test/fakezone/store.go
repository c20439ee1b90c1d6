package fakezone

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Store is where a server keeps its Database. DB of oned.conf decides which one:
//
//	BACKEND = "json"    a file of JSON, DatabaseFile; the fake's own, needs nothing
//	BACKEND = "sqlite"  SQLite, DatabaseFile, by the command sqlite3
//	BACKEND = "mysql"   MySQL or MariaDB at SERVER, PORT as USER with PASSWD in DB_NAME,
//	                    by the command mariadb or mysql; the database itself has to be there
//
// In the last two the tables have names and columns as those of a real OpenNebula
// (logdb, system_attributes with RAFT_STATE, zone_pool, document_pool and others), so
// that a backup by SQLite's and MySQL's own tools brings the zone, its log, its term
// and all that was written. What is in the columns is the fake's.
//
// A server reads its Store once, at its start, and holds it open while it runs: it
// does not notice what others change.
type Store interface {
	// Load returns what is kept; fs.ErrNotExist: no server was ever started with it.
	Load() (*Database, error)
	// Save keeps d, whole or not at all.
	Save(d *Database) error
}

// DB is what oned.conf says of the database.
type DB struct {
	Backend  string
	File     string // of json and sqlite
	Server   string // of mysql: host; "" and localhost are a Unix socket
	Port     int    // 0: the usual one
	User     string
	Password Secret
	Name     string
}

// Secret is a text that prints as nothing.
type Secret string

// String hides the secret.
func (Secret) String() string { return "(secret)" }

// GoString hides the secret.
func (Secret) GoString() string { return "(secret)" }

// readDB makes a DB of the vector in oned.conf.
func readDB(location string, vector map[string]string) (DB, error) {
	d := DB{
		Backend: strings.ToLower(vector["BACKEND"]), File: filepath.Join(location, DatabaseFile),
		Server: vector["SERVER"], User: vector["USER"], Password: Secret(vector["PASSWD"]), Name: vector["DB_NAME"],
	}
	if d.Backend == "" {
		d.Backend = "sqlite" // as oned's own default is
	}
	if port := vector["PORT"]; port != "" {
		n, err := strconv.Atoi(port)
		if err != nil {
			return d, fmt.Errorf("read configuration: DB has PORT %q, which is no number", port)
		}
		d.Port = n
	}
	if d.Name == "" {
		d.Name = "opennebula"
	}
	return d, nil
}

// Open returns the Store. It does not look at what is in it.
func (d DB) Open() (Store, error) {
	switch d.Backend {
	case "json":
		return jsonStore(d.File), nil
	case "sqlite":
		return &sqlStore{client: sqliteClient(d.File), dialect: sqliteDialect}, nil
	case "mysql":
		return &sqlStore{client: mysqlClient(d), dialect: mysqlDialect}, nil
	}
	return nil, fmt.Errorf("open database: BACKEND %q is not known: use json, sqlite or mysql", d.Backend)
}

// OpenStore opens the database of a server by its oned.conf, for tests that look at
// it or change it while the server does not run.
func OpenStore(location string) (Store, error) {
	c, err := readConf(location)
	if err != nil {
		return nil, err
	}
	return c.db.Open()
}

// jsonStore is the file of a Database in JSON.
type jsonStore string

func (s jsonStore) Load() (*Database, error) { return ReadDatabase(string(s)) }

func (s jsonStore) Save(d *Database) error {
	if err := os.MkdirAll(filepath.Dir(string(s)), 0o755); err != nil {
		return fmt.Errorf("make database: %w", err)
	}
	return d.Write(string(s))
}

// loadDatabase does what oned does at its start: a server of a zone needs a
// database that was made by a start alone, and gets a log with a record 0.
func loadDatabase(store Store, serverID int) (*Database, error) {
	d, err := store.Load()
	switch {
	case errors.Is(err, fs.ErrNotExist) && serverID < 0:
		d = NewDatabase()
	case errors.Is(err, fs.ErrNotExist):
		return nil, errors.New("Database has to be bootstraped to start oned in HA") // oned's words
	case err != nil:
		return nil, err
	}
	if len(d.Log) == 0 && serverID >= 0 {
		d.Log = []Record{{}}
	}
	return d, store.Save(d)
}
