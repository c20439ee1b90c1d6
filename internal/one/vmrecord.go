package one

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// vmRecord is what is kept of a VM document.
type vmRecord struct {
	id         int
	name       string
	state, lcm int
	created    int64   // STIME, Unix seconds
	seq        int     // of the last history record, -1 before it was deployed
	host       string  // of that record
	entered    int64   // the latest time in that record, 0 if it has none
	placed     *Placed // nil unless it is asked for
	driver     string  // VM_MAD of that record
	deployID   string  // DEPLOY_ID
	inside     *inside // nil unless it is asked for
}

// since is when the virtual machine entered its state at the earliest. A record
// has a time for the begin and the end of PROLOG, of running and of EPILOG, but
// none for an action on a running machine.
func (r vmRecord) since() time.Time {
	seconds := r.entered
	if seconds == 0 && r.host == "" {
		seconds = r.created
	}
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0)
}

// maxElement bounds the text between two tags, in bytes. The longest in practice
// are start scripts in a template.
const maxElement = 1 << 20

// vmReader reads VM documents one after the other, from a VM_POOL or a VM document
// of any size, in constant memory.
type vmReader struct {
	source *rationed
	xml    *xml.Decoder
	// placed makes the reader keep where a machine is placed, with the attribute of its
	// user template that is called attribute.
	placed    bool
	attribute string
	inside    bool // makes it keep what WholeVM has
	depth     int  // of the elements around the machines that are open
	begun     bool // there was one, or a machine
}

func newVMReader(r io.Reader) *vmReader {
	source := &rationed{r: r}
	return &vmReader{source: source, xml: xml.NewDecoder(source)}
}

// rationed lets so much be read and no more, until it is given more: a token that
// never ends must not fill the memory.
type rationed struct {
	r    io.Reader
	left int
}

var errRation = errors.New("a text in it is too long")

func (r *rationed) Read(p []byte) (int, error) {
	if r.left <= 0 {
		return 0, errRation
	}
	n, err := r.r.Read(p[:min(len(p), r.left)])
	r.left -= n
	return n, err
}

func (v *vmReader) token() (xml.Token, error) {
	v.source.left = maxElement
	return v.xml.RawToken()
}

// next returns the next virtual machine; io.EOF is the end of the document. One that ends
// before its last tag is an error: a machine that is not in it may be there all the same.
func (v *vmReader) next() (vmRecord, error) {
	for {
		t, err := v.token()
		if err == io.EOF && (v.depth > 0 || !v.begun) {
			err = fmt.Errorf("read VM documents: %w", io.ErrUnexpectedEOF)
		}
		if err != nil {
			return vmRecord{}, err
		}
		switch t := t.(type) {
		case xml.StartElement:
			v.begun = true
			if t.Name.Local == "VM" {
				r, err := v.record()
				if err != nil {
					return vmRecord{}, fmt.Errorf("read VM document: %w", ended(err))
				}
				return r, nil
			}
			v.depth++
		case xml.EndElement:
			v.depth--
		}
	}
}

// record reads a VM document behind its start tag. Elements are known by their
// depth and name: VM/ID, VM/HISTORY_RECORDS/HISTORY/HOSTNAME.
func (v *vmReader) record() (vmRecord, error) {
	r := vmRecord{id: -1, state: -1, seq: -1}
	if v.placed {
		r.placed = &Placed{Host: -1, Datastore: -1}
	}
	if v.inside {
		r.inside = &inside{}
	}
	last, history := -1, historyRecord{}
	var path [3]string // of the elements that are open
	var text []byte
	for depth := 0; ; {
		t, err := v.token()
		if err != nil {
			return r, err
		}
		switch t := t.(type) {
		case xml.StartElement:
			if depth < len(path) {
				path[depth] = t.Name.Local
			}
			depth++
			text = text[:0]
			if depth == 2 && path[0] == "HISTORY_RECORDS" {
				history = newHistoryRecord(last + 1)
			}
		case xml.CharData:
			if wanted(path, depth) || v.inside && depth == 3 && path[0] == "TEMPLATE" || v.attribute != "" && depth == 2 && path[0] == "USER_TEMPLATE" && path[1] == v.attribute {
				text = append(text, t...)
			}
		case xml.EndElement:
			if depth == 0 {
				return r, nil
			}
			value := strings.TrimSpace(string(text))
			switch {
			case depth == 1:
				r.set(path[0], value)
			case depth == 2 && path[0] == "HISTORY_RECORDS" && history.Seq > last:
				last, r.seq, r.host, r.entered, r.driver = history.Seq, history.Seq, history.Host, history.entered, history.Driver
				if r.placed != nil {
					r.placed.Host, r.placed.Datastore = history.hid, history.Datastore
				}
				if r.inside != nil {
					r.inside.whole.History = []Stay{history.Stay}
				}
			case depth == 2 && r.placed != nil && path[0] == "USER_TEMPLATE" && path[1] == v.attribute:
				r.placed.Attribute = value
			case depth == 3 && path[0] == "HISTORY_RECORDS":
				history.set(path[2], value)
			case depth == 3 && r.inside != nil && path[0] == "TEMPLATE":
				r.inside.set(path[1], path[2], value)
			case depth == 2 && r.inside != nil && path[0] == "TEMPLATE":
				r.inside.end(path[1])
			}
			depth--
			text = text[:0]
		}
	}
}

// wanted reports whether the text at that place can be a value that is kept.
func wanted(path [3]string, depth int) bool {
	return depth == 1 || depth == 3 && path[0] == "HISTORY_RECORDS"
}

func (r *vmRecord) set(name, value string) {
	switch name {
	case "ID":
		r.id = number(value)
	case "NAME":
		r.name = value
	case "DEPLOY_ID":
		r.deployID = value
	case "STATE":
		r.state = number(value)
	case "LCM_STATE":
		r.lcm = number(value)
	case "STIME":
		r.created = int64(number(value))
	case "RESCHED":
		if r.placed != nil {
			r.placed.Resched = number(value) == 1
		}
	}
}

// historyRecord is a history record while it is read.
type historyRecord struct {
	Stay
	hid     int   // -1 when it does not say, as Datastore
	entered int64 // the latest time in it
}

func newHistoryRecord(seq int) historyRecord {
	return historyRecord{Stay: Stay{Seq: seq, Datastore: -1}, hid: -1}
}

func (h *historyRecord) set(name, value string) {
	switch name {
	case "SEQ":
		h.Seq = number(value)
	case "HOSTNAME":
		h.Host = value
	case "HID":
		h.hid = number(value)
	case "DS_ID":
		h.Datastore = number(value)
	case "VM_MAD":
		h.Driver = value
	case "TM_MAD":
		h.Transfer = value
	case "ACTION":
		h.Action = number(value)
	case "STIME", "ETIME", "PSTIME", "PETIME", "RSTIME", "RETIME", "ESTIME", "EETIME":
		at := int64(number(value))
		h.entered = max(h.entered, at)
		switch name {
		case "STIME":
			h.Begin = at
		case "ETIME":
			h.End = at
		case "RSTIME":
			h.RunBegin = at
		}
	}
}

// number reads an integer; what is none is -1, which no state and no time is.
func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return -1
	}
	return n
}
