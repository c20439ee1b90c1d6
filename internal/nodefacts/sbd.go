package nodefacts

import (
	"os"
	"slices"
	"strings"

	"github.com/oneha/oneha/internal/lint"
)

// sbdSettings are the files with sbd's environment: Debian's, and that of RHEL and SUSE.
var sbdSettings = []string{"/etc/default/sbd", "/etc/sysconfig/sbd"}

// sbd notes which disks an sbd has that starts at boot. Its file is read as
// systemd.exec(5) says of EnvironmentFile, but for lines that are continued, which
// nobody writes there.
func (c *collector) sbd() {
	if !slices.ContainsFunc(c.facts.Units, func(u lint.Unit) bool { return u.Name == "sbd.service" && u.Boot == "enabled" }) {
		return
	}
	for _, file := range sbdSettings {
		text, err := os.ReadFile(c.path(file))
		if err != nil {
			if !os.IsNotExist(err) {
				c.unknown("sbd", err)
			}
			continue
		}
		for line := range strings.Lines(string(text)) {
			if value, ok := strings.CutPrefix(strings.TrimSpace(line), "SBD_DEVICE="); ok {
				c.facts.SBDDevice = strings.Trim(strings.TrimSpace(value), `"'`)
			}
		}
	}
}
