package pacemaker

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ReadStatus reads what crm_mon prints as XML, of Pacemaker 1.1 to 3.0. Elements and
// attributes that it does not know are passed over.
func ReadStatus(text []byte) (Status, error) {
	var r statusReader
	if err := walk(text, r.element); err != nil {
		return Status{}, fmt.Errorf("read crm_mon's XML: %w", err)
	}
	if !r.summary {
		return Status{}, errors.New("read crm_mon's XML: it has no summary of a cluster")
	}
	sortEvents(r.Fencing)
	return r.Status, nil
}

// deepest bounds the nesting of a document: crm_mon's is less than ten.
const deepest = 100

// walk calls visit for each element with the elements around it, outermost first.
func walk(text []byte, visit func(around []string, e xml.StartElement)) error {
	in := xml.NewDecoder(bytes.NewReader(text))
	in.CharsetReader = func(string, io.Reader) (io.Reader, error) { return nil, errors.New("it is not UTF-8") }
	var around []string
	for {
		token, err := in.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch e := token.(type) {
		case xml.StartElement:
			if len(around) == deepest {
				return fmt.Errorf("its elements are nested more than %d deep", deepest)
			}
			visit(around, e)
			around = append(around, e.Name.Local)
		case xml.EndElement:
			around = around[:len(around)-1]
		}
	}
}

// value is an attribute, "" for none.
func value(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// yes reports whether an attribute is true; crm_mon spells it so.
func yes(e xml.StartElement, name string) bool { return value(e, name) == "true" }

// statusReader collects a Status.
type statusReader struct {
	Status
	summary bool
	within  []string // IDs of the groups and clones that are open, by depth
	depths  []int
}

func (r *statusReader) element(around []string, e xml.StartElement) {
	parent := ""
	if len(around) > 0 {
		parent = around[len(around)-1]
	}
	for len(r.depths) > 0 && r.depths[len(r.depths)-1] >= len(around) { // closed since
		r.within, r.depths = r.within[:len(r.within)-1], r.depths[:len(r.depths)-1]
	}
	switch parent + "/" + e.Name.Local {
	case "summary/current_dc":
		r.summary = true
		r.Quorum = yes(e, "with_quorum")
		if yes(e, "present") {
			r.DC, r.Version = value(e, "name"), value(e, "version")
		}
	case "summary/cluster_options":
		r.Maintenance, r.StopAll = yes(e, "maintenance-mode"), yes(e, "stop-all-resources")
		r.FencingDisabled = value(e, "stonith-enabled") == "false"
		r.NoQuorumPolicy = value(e, "no-quorum-policy")
	case "nodes/node":
		running, _ := strconv.Atoi(value(e, "resources_running"))
		r.Nodes = append(r.Nodes, NodeStatus{
			Name: value(e, "name"), ID: value(e, "id"), Online: yes(e, "online"), Standby: yes(e, "standby") || yes(e, "standby_onfail"), Maintenance: yes(e, "maintenance"),
			Pending: yes(e, "pending"), Unclean: yes(e, "unclean"), Shutdown: yes(e, "shutdown"), Running: running,
		})
	case "resource/node":
		if n := len(r.Resources); n > 0 && slices.Contains(around, "resources") {
			r.Resources[n-1].Nodes = append(r.Resources[n-1].Nodes, value(e, "name"))
		}
	case "failures/failure":
		r.Failures = append(r.Failures, failedAction(e))
	case "fence_history/fence_event":
		r.Fencing = append(r.Fencing, fenceEvent(e))
	default:
		if !slices.Contains(around, "resources") {
			return
		}
		switch e.Name.Local {
		case "group", "clone", "bundle":
			r.within, r.depths = append(r.within, value(e, "id")), append(r.depths, len(around))
		case "resource":
			r.Resources = append(r.Resources, resourceStatus(e, slices.Clone(r.within)))
		}
	}
}

// roles have other names since Pacemaker 2.1.
var roles = map[string]string{"Master": "Promoted", "Slave": "Unpromoted"}

func resourceStatus(e xml.StartElement, in []string) ResourceStatus {
	role := value(e, "role")
	if now, ok := roles[role]; ok {
		role = now
	}
	return ResourceStatus{
		ID: value(e, "id"), Agent: strings.Replace(value(e, "resource_agent"), "::", ":", 1), // two colons before 2.1
		In: in, Role: role, TargetRole: value(e, "target_role"), Active: yes(e, "active"), Orphaned: yes(e, "orphaned"), Blocked: yes(e, "blocked"),
		Managed: yes(e, "managed"), Failed: yes(e, "failed"), Pending: value(e, "pending"),
	}
}

func failedAction(e xml.StartElement) FailedAction {
	code, _ := strconv.Atoi(value(e, "exitcode"))
	milliseconds, _ := strconv.ParseInt(strings.TrimSuffix(value(e, "interval"), "ms"), 10, 32)
	f := FailedAction{
		Node: value(e, "node"), Task: value(e, "task"), Interval: time.Duration(milliseconds) * time.Millisecond,
		RC: code, Result: value(e, "exitstatus"), Reason: value(e, "exitreason"), Time: ReadTime(value(e, "last-rc-change")),
	}
	if status := value(e, "status"); status != "" && status != "complete" && status != "done" { // a timeout has no exit code of its own
		f.Result = strings.ToLower(status)
	}
	// op_key is RESOURCE_TASK_INTERVAL, and 2.0 has it as id without op_key.
	key := value(e, "op_key")
	if key == "" {
		key = value(e, "id")
	}
	if key, _, ok := cutLast(key, "_"); ok {
		f.Resource, _, _ = cutLast(key, "_")
	}
	return f
}

// cutLast cuts s around the last separator.
func cutLast(s, separator string) (before, after string, found bool) {
	i := strings.LastIndex(s, separator)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(separator):], true
}

// timeForms are those in which Pacemaker's tools print a time: that of ctime(3) in
// the local zone, and ISO 8601 since 2.1.
var timeForms = []string{time.ANSIC, "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 Z07:00", "2006-01-02 15:04:05.999999Z07:00", "2006-01-02 15:04:05 -07:00", "2006-01-02 15:04:05"}

// ReadTime reads a time as the tools print it, also in seconds since 1970; it is zero
// when there is none to read.
func ReadTime(text string) time.Time {
	text = strings.TrimSpace(text)
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil && seconds > 0 {
		return time.Unix(seconds, 0)
	}
	for _, form := range timeForms {
		if at, err := time.ParseInLocation(form, text, time.Local); err == nil {
			return at
		}
	}
	return time.Time{}
}
