package fakeoned

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// documents is the table of documents in the database: what a client writes by
// one.document.allocate is on the disk, in the directory that the nodes share, before
// it is acknowledged.
//
// As with oned, a new document's ID is from a counter in memory, read when oned starts.
// So two oned that are alive at once give the same ID twice, and the later write takes
// the place of the earlier: an acknowledged write is lost, and whoever wrote it can see
// that. (On a real oned the second INSERT would fail; an UPDATE of two would end as
// here.)
//
// The methods' parameters and the elements of a document are those of OpenNebula's
// source and schema (src/rm, src/document/Document.cc, share/doc/xsd/document.xsd). No
// call with a document was captured: the envelope of the answers was, with other methods;
// the texts of refusals about templates are not oned's.
type documents struct {
	mu   sync.Mutex
	file *os.File
	next int // ID
}

// DocumentsName is the file in SharedDir that holds the table.
const DocumentsName = "DOCUMENTS"

// recordSize is that of every document in the file, so that ID times recordSize is where
// it is. It divides a page: the kernel writes it whole or not at all, also when the writer
// is killed in the middle.
const recordSize = 256

// record is a document as the file has it, filled with spaces and ended by a newline.
type record struct {
	Name     string            `json:"name"`
	Type     int               `json:"type"`
	Template map[string]string `json:"template"`
}

// openDocuments opens the table in dir as oned does when it starts.
func openDocuments(dir string) (*documents, error) {
	f, err := os.OpenFile(filepath.Join(dir, DocumentsName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open documents: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open documents: %w", err), f.Close())
	}
	return &documents{file: f, next: int((info.Size() + recordSize - 1) / recordSize)}, nil
}

func (d *documents) Close() error { return d.file.Close() }

// add writes a document and returns its ID once it is on the disk.
func (d *documents) add(name string, kind int, template map[string]string) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	id := d.next
	if name == "" {
		name = fmt.Sprintf("document-%d", id)
	}
	text, err := json.Marshal(record{Name: name, Type: kind, Template: template})
	if err != nil {
		return -1, fmt.Errorf("write document: %w", err)
	}
	if len(text) >= recordSize {
		return -1, fmt.Errorf("write document: it takes %d bytes, and the stand-in has room for %d", len(text), recordSize-1)
	}
	line := append(append(text, bytes.Repeat([]byte(" "), recordSize-1-len(text))...), '\n')
	if _, err := d.file.WriteAt(line, int64(id)*recordSize); err != nil {
		return -1, fmt.Errorf("write document: %w", err)
	}
	if err := d.file.Sync(); err != nil {
		return -1, fmt.Errorf("write document: %w", err)
	}
	d.next++
	return id, nil
}

// read returns a document as the file has it now; ok is false where there is none.
func (d *documents) read(id int) (r record, ok bool) {
	var line [recordSize]byte
	if id < 0 {
		return r, false
	}
	if _, err := d.file.ReadAt(line[:], int64(id)*recordSize); err != nil || line[recordSize-1] != '\n' {
		return r, false
	}
	return r, json.Unmarshal(line[:], &r) == nil
}

// text is the document as oned writes it.
func (r record) text(id int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "<DOCUMENT><ID>%d</ID><UID>0</UID><GID>0</GID><UNAME>oneadmin</UNAME><GNAME>oneadmin</GNAME><NAME>%s</NAME><TYPE>%d</TYPE>"+
		"<PERMISSIONS><OWNER_U>1</OWNER_U><OWNER_M>1</OWNER_M><OWNER_A>0</OWNER_A><GROUP_U>0</GROUP_U><GROUP_M>0</GROUP_M><GROUP_A>0</GROUP_A>"+
		"<OTHER_U>0</OTHER_U><OTHER_M>0</OTHER_M><OTHER_A>0</OTHER_A></PERMISSIONS><TEMPLATE>", id, escaped.Replace(r.Name), r.Type)
	for _, key := range slices.Sorted(maps.Keys(r.Template)) {
		fmt.Fprintf(&b, "<%s><![CDATA[%s]]></%[1]s>", key, r.Template[key])
	}
	return b.String() + "</TEMPLATE></DOCUMENT>"
}

// oned's error code for what it could not do for a reason of its own, and for a new
// object.
const internalError = 8192

// The longest name of a document in oned.
const longestName = 128

// methods are the calls about documents.
func (d *documents) methods() map[string]Method {
	return map[string]Method{
		"one.document.allocate": {Params: 2, Answer: d.allocate},
		"one.document.info":     {Params: 1, Answer: d.info},
		"one.documentpool.info": {Params: 4, Answer: d.pool},
	}
}

// allocate makes a document: its template, its type. The answer is its ID.
func (d *documents) allocate(_ context.Context, c Call) string {
	template, ok := parseTemplate(c.Text(0))
	if !ok {
		return c.Refuse(internalError, -1, "Cannot parse template.")
	}
	kind, ok := c.Int(1)
	if !ok {
		return c.BadParameter(1)
	}
	name := template["NAME"]
	delete(template, "NAME")
	if len(name) > longestName {
		return c.Refuse(internalError, -1, "NAME is too long; max length is 128 chars.")
	}
	id, err := d.add(name, kind, template)
	if err != nil {
		return c.Refuse(internalError, -1, err.Error())
	}
	return c.YieldNumber(id)
}

// info shows the document with an ID.
func (d *documents) info(_ context.Context, c Call) string {
	id, ok := c.Int(0)
	if !ok {
		return c.BadParameter(0)
	}
	r, ok := d.read(id)
	if !ok {
		return c.Refuse(noExists, id, fmt.Sprintf("Error getting document [%d].", id))
	}
	return c.Yield(r.text(id))
}

// pool shows the documents of a type between two IDs (-1: all; paging is not
// understood), the youngest first. Whose they are does not matter: all are oneadmin's.
func (d *documents) pool(_ context.Context, c Call) string {
	var args [4]int
	for i := range args {
		n, ok := c.Int(i)
		if !ok {
			return c.BadParameter(i)
		}
		args[i] = n
	}
	first, last, kind := max(args[1], 0), args[2], args[3]
	info, err := d.file.Stat() // another oned may have added some
	if err != nil {
		return c.Refuse(internalError, -1, err.Error())
	}
	if end := int(info.Size()/recordSize) - 1; last < 0 || last > end || args[1] < 0 {
		last = end
	}
	var b strings.Builder
	for id := last; id >= first; id-- {
		if r, ok := d.read(id); ok && r.Type == kind {
			b.WriteString(r.text(id))
		}
	}
	return c.Yield("<DOCUMENT_POOL>" + b.String() + "</DOCUMENT_POOL>")
}

// attribute is a line of a template; of oned's grammar the stand-in knows no more.
var attribute = regexp.MustCompile(`^\s*([A-Z][A-Z0-9_]*)\s*=\s*"([^"\\\]]*)"\s*$`)

func parseTemplate(text string) (map[string]string, bool) {
	found := map[string]string{}
	for line := range strings.Lines(text) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		m := attribute.FindStringSubmatch(line)
		if m == nil {
			return nil, false
		}
		found[m[1]] = m[2]
	}
	return found, true
}
