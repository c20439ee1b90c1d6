package fakezone

import (
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// sqlStore keeps a Database in the tables of a database server or file. It writes
// what changed since it last wrote or read, in one transaction.
type sqlStore struct {
	client  client
	dialect dialect
	saved   *Database // as it is there; nil: not known
}

// client runs statements in order and returns the rows that they yield, columns
// between tabs. A statement that fails ends it, and its transaction.
type client func(statements string) (rows string, err error)

// dialect is in what two kinds of SQL differ.
type dialect struct {
	begin string
	text  string // the text whose UTF-8 in hexadecimal is %s
	has   string // yields 1 when there is a table zone_pool, 0 when not
}

var (
	sqliteDialect = dialect{
		begin: "BEGIN IMMEDIATE",
		text:  "CAST(X'%s' AS TEXT)",
		has:   "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'zone_pool'",
	}
	mysqlDialect = dialect{
		begin: "START TRANSACTION",
		text:  "CONVERT(X'%s' USING utf8mb4)",
		has:   "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'zone_pool'",
	}
)

// schema are the tables, as a release 6.10 has them, as far as something is in them.
var schema = []string{
	"CREATE TABLE IF NOT EXISTS db_versioning (oid INTEGER PRIMARY KEY, version VARCHAR(256), timestamp INTEGER, comment VARCHAR(256), is_slave BOOLEAN)",
	"CREATE TABLE IF NOT EXISTS local_db_versioning (oid INTEGER PRIMARY KEY, version VARCHAR(256), timestamp INTEGER, comment VARCHAR(256), is_slave BOOLEAN)",
	"CREATE TABLE IF NOT EXISTS system_attributes (name VARCHAR(128) PRIMARY KEY, body MEDIUMTEXT)",
	"CREATE TABLE IF NOT EXISTS logdb (log_index INTEGER PRIMARY KEY, term INTEGER, sqlcmd MEDIUMTEXT, timestamp INTEGER, fed_index INTEGER, applied BOOLEAN)",
	"CREATE TABLE IF NOT EXISTS zone_pool (oid INTEGER PRIMARY KEY, name VARCHAR(128), body MEDIUMTEXT, uid INTEGER, gid INTEGER, owner_u INTEGER, group_u INTEGER, other_u INTEGER)",
	"CREATE TABLE IF NOT EXISTS document_pool (oid INTEGER PRIMARY KEY, name VARCHAR(128), body MEDIUMTEXT, type INTEGER, uid INTEGER, gid INTEGER, owner_u INTEGER, group_u INTEGER, other_u INTEGER)",
	"REPLACE INTO db_versioning VALUES (0, '6.10.0', 0, 'a stand-in for OpenNebula', 0)",
	"REPLACE INTO local_db_versioning VALUES (0, '6.10.0', 0, 'a stand-in for OpenNebula', 0)",
}

// Load reads the tables.
func (s *sqlStore) Load() (*Database, error) {
	there, err := s.client(s.dialect.has + ";\n")
	if err != nil {
		return nil, fmt.Errorf("read database: %w", err)
	}
	if strings.TrimSpace(there) != "1" {
		return nil, fmt.Errorf("read database: it has no zone: %w", fs.ErrNotExist)
	}
	rows, err := s.client(`SELECT 'raft', HEX(body) FROM system_attributes WHERE name = 'RAFT_STATE';
SELECT 'zone', HEX(body) FROM zone_pool WHERE oid = 0;
SELECT 'document', HEX(name), HEX(body) FROM document_pool ORDER BY oid;
SELECT 'log', log_index, term, HEX(sqlcmd), applied FROM logdb ORDER BY log_index;
`)
	if err != nil {
		return nil, fmt.Errorf("read database: %w", err)
	}
	d, err := parseRows(rows)
	if err != nil {
		return nil, fmt.Errorf("read database: %w", err)
	}
	s.saved = d.clone()
	return d, nil
}

// Save writes what changed.
func (s *sqlStore) Save(d *Database) error {
	statements := s.changes(d)
	if len(statements) == 0 {
		return nil
	}
	all := s.dialect.begin + ";\n" + strings.Join(statements, ";\n") + ";\nCOMMIT;\n"
	if s.saved == nil {
		all = strings.Join(schema, ";\n") + ";\n" + all
	}
	if _, err := s.client(all); err != nil {
		s.saved = nil // it may have been committed
		return fmt.Errorf("write database: %w", err)
	}
	s.saved = d.clone()
	return nil
}

// clone is a copy that changes of d do not reach. Records are never changed.
func (d *Database) clone() *Database {
	c := *d
	c.Members, c.Log = slices.Clone(d.Members), slices.Clone(d.Log)
	c.Table, c.Template = maps.Clone(d.Table), maps.Clone(d.Template)
	return &c
}

// changes are the statements that make what was saved into d; from nothing known,
// all of it anew.
func (s *sqlStore) changes(d *Database) []string {
	old := s.saved
	var all []string
	add := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	if old == nil {
		old = &Database{Term: -1}
		add("DELETE FROM document_pool")
		add("DELETE FROM logdb")
	}
	if old.Term != d.Term || old.VotedFor != d.VotedFor {
		add("REPLACE INTO system_attributes VALUES ('RAFT_STATE', %s)", s.text(fmt.Sprintf("<RAFT_STATE><TERM>%d</TERM><VOTEDFOR>%d</VOTEDFOR></RAFT_STATE>", d.Term, d.VotedFor)))
	}
	if old.Template == nil || !maps.Equal(old.Template, d.Template) || !slices.Equal(old.Members, d.Members) {
		add("REPLACE INTO zone_pool VALUES (0, 'OpenNebula', %s, 0, 0, 1, 0, 0)", s.text(d.zone()))
	}
	for _, key := range slices.Sorted(maps.Keys(d.Table)) {
		value := d.Table[key]
		if before, was := old.Table[key]; was && before == value {
			continue
		} else if was {
			add("UPDATE document_pool SET body = %s WHERE name = %s", s.text(value), s.text(key))
			continue
		}
		add("INSERT INTO document_pool SELECT COALESCE(MAX(oid), -1) + 1, %s, %s, 100, 0, 0, 1, 0, 0 FROM document_pool", s.text(key), s.text(value))
	}
	return append(all, s.logChanges(old, d)...)
}

func (s *sqlStore) logChanges(old, d *Database) (all []string) {
	add := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	if len(old.Log) > 0 && len(d.Log) > 0 && old.Log[0].Index < d.Log[0].Index {
		add("DELETE FROM logdb WHERE log_index < %d", d.Log[0].Index)
	}
	last, _ := d.Last()
	if before, _ := old.Last(); before > last {
		add("DELETE FROM logdb WHERE log_index > %d", last)
	}
	for _, r := range d.Log {
		if o, had := old.record(r.Index); had && o.Term == r.Term { // Raft: then they are equal
			continue
		}
		text, err := json.Marshal(r)
		if err != nil {
			panic(err) // a Record is texts and numbers
		}
		add("REPLACE INTO logdb VALUES (%d, %d, %s, 0, -1, 0)", r.Index, r.Term, s.text(string(text)))
	}
	if len(d.Log) > 0 && (len(all) > 0 || old.Applied != d.Applied) {
		add("UPDATE logdb SET applied = 1 WHERE applied = 0 AND log_index <= %d", d.Applied)
	}
	return all
}

func (s *sqlStore) text(text string) string {
	return fmt.Sprintf(s.dialect.text, hex.EncodeToString([]byte(text)))
}

// parseRows makes a Database of what Load asks for.
func parseRows(rows string) (*Database, error) {
	d := NewDatabase()
	clear(d.Template)
	var parts struct{ raft, zone bool }
	applied := -1
	for line := range strings.Lines(rows) {
		column := strings.Split(strings.TrimRight(line, "\r\n"), "\t")
		var err error
		switch {
		case column[0] == "raft" && len(column) == 2:
			parts.raft, err = true, d.parseRaft(column[1])
		case column[0] == "zone" && len(column) == 2:
			parts.zone, err = true, d.parseZone(column[1])
		case column[0] == "document" && len(column) == 3:
			var name, body []byte
			name, err = hex.DecodeString(column[1])
			if err == nil {
				body, err = hex.DecodeString(column[2])
			}
			d.Table[string(name)] = string(body)
		case column[0] == "log" && len(column) == 5:
			var r Record
			r, err = parseRecord(column)
			if column[4] == "1" {
				applied = r.Index
			}
			d.Log = append(d.Log, r)
		default:
			err = fmt.Errorf("a row begins with %.20q", line)
		}
		if err != nil {
			return nil, err
		}
	}
	if !parts.raft || !parts.zone {
		return nil, errors.New("half of it is missing: no RAFT_STATE, or no zone")
	}
	for i, r := range d.Log {
		if r.Index != d.Log[0].Index+i {
			return nil, fmt.Errorf("the log has no record %d", d.Log[0].Index+i)
		}
	}
	d.Applied = max(applied, 0)
	if applied < 0 && len(d.Log) > 0 {
		d.Applied = max(d.Log[0].Index-1, 0)
	}
	return d, nil
}

func parseRecord(column []string) (r Record, err error) {
	text, err := hex.DecodeString(column[3])
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err != nil || strconv.Itoa(r.Index) != column[1] || strconv.Itoa(r.Term) != column[2] {
		return r, fmt.Errorf("record %s of the log is none of this fake", column[1])
	}
	return r, nil
}

func (d *Database) parseRaft(body string) error {
	var state struct {
		Term     int `xml:"TERM"`
		VotedFor int `xml:"VOTEDFOR"`
	}
	if err := unmarshal(body, &state); err != nil {
		return fmt.Errorf("RAFT_STATE: %w", err)
	}
	d.Term, d.VotedFor = state.Term, state.VotedFor
	return nil
}

func (d *Database) parseZone(body string) error {
	var z struct {
		Template struct {
			All []struct {
				XMLName xml.Name
				Text    string `xml:",chardata"`
			} `xml:",any"`
		} `xml:"TEMPLATE"`
		Servers []struct {
			ID       int    `xml:"ID"`
			Name     string `xml:"NAME"`
			Endpoint string `xml:"ENDPOINT"`
			GRPC     string `xml:"ENDPOINT_GRPC"`
		} `xml:"SERVER_POOL>SERVER"`
	}
	if err := unmarshal(body, &z); err != nil {
		return fmt.Errorf("zone 0: %w", err)
	}
	for _, a := range z.Template.All {
		d.Template[a.XMLName.Local] = a.Text
	}
	for _, m := range z.Servers {
		d.Members = append(d.Members, Member(m))
	}
	return nil
}

func unmarshal(body string, v any) error {
	text, err := hex.DecodeString(body)
	if err != nil {
		return err
	}
	return xml.Unmarshal(text, v)
}
