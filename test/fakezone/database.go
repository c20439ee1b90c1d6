package fakezone

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
)

// Member is a server of the zone, as the zone's document lists it.
type Member struct {
	ID       int    `json:"id"`
	Name     string `json:"name"`
	Endpoint string `json:"endpoint"`
	GRPC     string `json:"grpc,omitempty"`
}

// Record is an entry of the log.
type Record struct {
	Index int    `json:"index"`
	Term  int    `json:"term"`
	Op    string `json:"op"` // set, add, delete, template, or nothing in record 0
	Key   string `json:"key,omitempty"`
	Value string `json:"value,omitempty"`
	Zone  Member `json:"zone"` // of add and delete

	Template Template `json:"template,omitempty"` // the zone's new one
}

// Template is what users may change of the zone: attributes by name.
type Template map[string]string

// newTemplate is a zone's template after the first start.
func newTemplate() Template { return Template{"ENDPOINT": "http://localhost:2633/RPC2"} }

// Database is all that a server keeps. It replicates: what is in the log changes
// Table, Template and Members of every server alike.
type Database struct {
	Fake     string            `json:"fake"` // says what the file is
	Term     int               `json:"term"`
	VotedFor int               `json:"voted_for"` // -1: nobody
	Applied  int               `json:"applied"`   // index of the last record that changed the rest
	Members  []Member          `json:"members"`
	Template Template          `json:"template"`
	Table    map[string]string `json:"table"`
	Log      []Record          `json:"log"` // in order, without gaps; the oldest are purged
}

const databaseMark = "a database of fakezone, a stand-in for OpenNebula"

// NewDatabase is what a first start makes.
func NewDatabase(members ...Member) *Database {
	return &Database{Fake: databaseMark, VotedFor: -1, Members: members, Template: newTemplate(), Table: map[string]string{}}
}

// ReadDatabase reads the file.
func ReadDatabase(file string) (*Database, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read database: %w", err)
	}
	d := NewDatabase()
	if err := json.Unmarshal(text, d); err != nil || d.Fake != databaseMark {
		return nil, errors.Join(fmt.Errorf("read database: %s is none of this fake", file), err)
	}
	return d, nil
}

// Write writes the file, whole or not at all.
func (d *Database) Write(file string) error {
	text, err := json.MarshalIndent(d, "", " ")
	if err == nil {
		err = os.WriteFile(file+".new", text, 0o600)
	}
	if err == nil {
		err = os.Rename(file+".new", file)
	}
	if err != nil {
		return fmt.Errorf("write database: %w", err)
	}
	return nil
}

// Last is the index and the term of the last record, -1 for an empty log.
func (d *Database) Last() (index, term int) {
	if len(d.Log) == 0 {
		return -1, -1
	}
	last := d.Log[len(d.Log)-1]
	return last.Index, last.Term
}

// record finds a record of the log.
func (d *Database) record(index int) (Record, bool) {
	if len(d.Log) == 0 || index < d.Log[0].Index || index > d.Log[len(d.Log)-1].Index {
		return Record{}, false
	}
	return d.Log[index-d.Log[0].Index], true
}

// put appends a record, after it removed what is in its place and behind it.
func (d *Database) put(r Record) {
	d.Log = append(slices.DeleteFunc(d.Log, func(old Record) bool { return old.Index >= r.Index }), r)
}

// apply makes the changes of all records up to commit.
func (d *Database) apply(commit int) (changed bool) {
	for d.Applied < commit {
		r, ok := d.record(d.Applied + 1)
		if !ok {
			return changed
		}
		d.change(r)
		d.Applied, changed = r.Index, true
	}
	return changed
}

func (d *Database) change(r Record) {
	switch r.Op {
	case "set":
		d.Table[r.Key] = r.Value
	case "add":
		d.Members = append(d.Members, r.Zone)
	case "template":
		d.Template = r.Template
	case "delete":
		d.Members = slices.DeleteFunc(d.Members, func(m Member) bool { return m.ID == r.Zone.ID })
	}
}

// purge removes the oldest applied records beyond keep, at most limit of them.
func (d *Database) purge(keep, limit int) (removed int) {
	removed = min(len(d.Log)-keep, limit)
	for removed > 0 && d.Log[removed-1].Index > d.Applied {
		removed--
	}
	removed = max(removed, 0)
	d.Log = slices.Delete(d.Log, 0, removed)
	return removed
}

// member finds a server of the zone.
func (d *Database) member(id int) (Member, bool) {
	for _, m := range d.Members {
		if m.ID == id {
			return m, true
		}
	}
	return Member{}, false
}

// newID is the ID that oned gives the next server.
func (d *Database) newID() int {
	id := 0
	for _, m := range d.Members {
		id = max(id, m.ID+1)
	}
	return id
}

// Equal reports whether two servers hold the same data.
func (d *Database) Equal(other *Database) bool {
	return maps.Equal(d.Table, other.Table) && maps.Equal(d.Template, other.Template) && slices.Equal(d.Members, other.Members)
}
