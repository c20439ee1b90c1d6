package events

import (
	"bytes"
	"strings"
	"testing"
)

// Whatever Pacemaker tells, an event that is taken is a line of the log that is read back.
func FuzzFromAlert(f *testing.F) {
	// Names and values in turn, without CRM_alert_.
	for _, vars := range []string{
		"kind=node\nnode=one-server1\ndesc=lost\ntimestamp_epoch=1795366384\ntimestamp_usec=213929",
		"kind=fencing\nnode=one-server1\ndesc=Operation reboot of one-server1 by one-server2 for pacemaker-controld.42@one-server2: OK (ref=c95)\nrc=0\ntask=st_notify_fence",
		"kind=resource\nrsc=oned\ntask=monitor\ninterval=0\nrc=7\ntarget_rc=7\nexec_time=120\ndesc=not running\nnode=n",
		"kind=resource\nrsc=oned\ntask=start\ndesc=Cancelled",
		"kind=attribute\nattribute_name=fail-count-oned#start_0\nattribute_value=INFINITY\nnode=n",
		"kind=x\x1b\nrc=99999999999\ntimestamp_epoch=999999999999999\ntimestamp_usec=-1\nexec_time=9223372036854775807",
	} {
		f.Add(vars)
	}
	f.Fuzz(func(t *testing.T, vars string) {
		env := map[string]string{}
		for line := range strings.Lines(vars) {
			name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
			env["CRM_alert_"+name] = value
		}
		e, ok := FromAlert(func(name string) string { return env[name] }, "h", moment)
		if !ok {
			return
		}
		line := e.Line()
		again, read := Parse(line)
		if !read || !bytes.Equal(again.Line(), line) {
			t.Fatalf("%q became %q, which is read as %+v", vars, line, again)
		}
		if e.Subject == "" && env["CRM_alert_kind"] == "resource" || e.Took < 0 || again.Time.IsZero() {
			t.Errorf("%q is %+v", vars, again)
		}
	})
}
