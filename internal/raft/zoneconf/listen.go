package zoneconf

import (
	"github.com/oneha/oneha/internal/confedit/yamledit"
	"github.com/oneha/oneha/internal/diag"
)

// listener is a service whose file says on which address it listens. The floating IP
// is not there before the server leads, so that binding to it fails: all addresses it is.
type listener struct {
	file   string
	always bool     // where the file says nothing it does so already
	nested []string // newer form of the path, where the file has its map
	path   []string
}

var listeners = []listener{
	{file: FlowConf, path: []string{":host"}},
	{file: GateConf, nested: []string{":server", ":bind"}, path: []string{":host"}},
	{file: FormConf, path: []string{":host"}},
	{file: KSConf, path: []string{":server", ":bind"}},
	{file: FireedgeConf, always: true, path: []string{"host"}},
}

// edit makes the service listen on all addresses.
func (l listener) edit(text []byte) (Edited, diag.Findings) {
	f, findings := yamledit.Parse(l.file, text)
	if findings.HasErrors() {
		return Edited{Text: text}, findings
	}
	path := l.path
	if l.isNested(f) {
		path = l.nested
	}
	now, set := f.Get(path...)
	if set && isAny(now) || !set && l.always {
		return Edited{Text: text}, findings
	}
	if err := f.Set("0.0.0.0", path...); err != nil {
		return Edited{Text: text}, append(findings, failed(l.file, err)...)
	}
	return Edited{Text: f.Bytes(), Edits: f.Edits()}, findings
}

// isNested reports whether the file has the newer form.
func (l listener) isNested(f *yamledit.File) bool {
	if l.nested == nil {
		return false
	}
	for _, key := range []string{l.nested[1], ":port"} {
		if _, has := f.Get(l.nested[0], key); has {
			return true
		}
	}
	return false
}
