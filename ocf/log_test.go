package ocf_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/ocf"
)

func TestLog(t *testing.T) {
	speak := func(_ context.Context, req *ocf.Request) error {
		req.Log.Debug("looking")
		log := req.Log.With("bulb", "E27").WithGroup("grid")
		log.Info("lit\nup", "volts", 230, "by", "a hand", slog.Group("phase", "n", 1))
		log.Warn("warm", "after", 3*time.Second, "err", errors.New(`no "fan"`), "empty", "")
		return errors.New("burnt")
	}
	const info = `lit; up bulb=E27 grid.volts=230 grid.by="a hand" grid.phase.n=1`
	const warn = `warm bulb=E27 grid.after=3s grid.err="no \"fan\"" grid.empty=""`
	lines := func(prefix [4]string, debug bool) string {
		var b strings.Builder
		if debug {
			b.WriteString(prefix[0] + "DEBUG: looking\n")
		}
		b.WriteString(prefix[1] + "INFO: " + info + "\n" + prefix[2] + "WARNING: " + warn + "\n")
		if debug {
			b.WriteString(prefix[0] + "DEBUG: done action=start code=1 took=0s\n")
		}
		return b.String()
	}
	same := func(s string) [4]string { return [4]string{s, s, s, s} }
	plain := same("Feb 03 12:00:00 lamp(desk)[42]: ")
	daemon := [4]string{"<31>", "<30>", "<28>", "<27>"}
	local3 := [4]string{"<159>", "<158>", "<156>", "<155>"}
	for i := range daemon {
		daemon[i] += "Feb  3 12:00:00 lamp(desk)[42]: "
		local3[i] += "Feb  3 12:00:00 lamp(desk)[42]: "
	}
	failed := func(p [4]string) string { return p[3] + "ERROR: burnt\n" }
	const reason = "ocf-exit-reason:burnt\n"

	tests := []struct {
		name string
		env  vars
		want result
	}{
		{"by hand", vars{}, result{stderr: lines(plain, false) + reason}},
		{"by hand, debug", vars{"HA_debug": "1"}, result{stderr: lines(plain, true) + reason}},
		{"crm_resource --force-start", vars{"HA_logfacility": "none", "HA_LOGFACILITY": "none", "HA_debug": "0"}, result{stderr: lines(plain, false) + reason}},
		{"pacemaker-execd", vars{"HA_LOGFACILITY": "daemon", "HA_LOGFILE": "/the/log", "HA_debug": "0"},
			result{syslog: lines(daemon, false) + failed(daemon), log: lines(plain, false) + failed(plain), stderr: reason}},
		{"syslog only", vars{"HA_LOGFACILITY": "local3", "HA_debug": "1"}, result{syslog: lines(local3, true) + failed(local3), stderr: reason}},
		{"unknown facility", vars{"HA_LOGFACILITY": "cellar"}, result{syslog: lines(daemon, false) + failed(daemon), stderr: reason}},
		{"file only", vars{"HA_LOGFACILITY": "none", "HA_LOGFILE": "/the/log"}, result{log: lines(plain, false) + failed(plain), stderr: reason}},
		{"syslog is dead", vars{"HA_LOGFACILITY": "daemon", "test_syslog": "dead"}, result{stderr: lines(plain, false) + reason}},
		{"file cannot be opened", vars{"HA_LOGFILE": "/no/log"}, result{stderr: lines(plain, false) + reason}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := &lamp{act: speak}
			tt.env[socket], tt.env["OCF_RESOURCE_INSTANCE"] = "1", "desk"
			tt.want.code = ocf.GenericCode
			if got := call(t.Context(), l.agent(), tt.env, "start"); got != tt.want {
				t.Errorf("got:\n%+v\nwant:\n%+v", got, tt.want)
			}
		})
	}
}
