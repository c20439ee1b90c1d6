package bmc

import (
	"strings"
	"testing"
)

func TestILOSSHCheck(t *testing.T) {
	good := ILOSSHConfig{Host: "192.0.2.1", Port: 22, Username: "u", Password: "S3cret!pw", HostKey: "SHA256:" + strings.Repeat("A", 43)}
	tests := []struct {
		name   string
		change func(*ILOSSHConfig)
		want   string // "" is valid
	}{
		{"fingerprint", func(*ILOSSHConfig) {}, ""},
		{"two fingerprints", func(c *ILOSSHConfig) {
			c.HostKey += "=, MD5:00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:FF"
		}, ""},
		{"bare MD5", func(c *ILOSSHConfig) { c.HostKey = "00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff" }, ""},
		{"known_hosts", func(c *ILOSSHConfig) { c.HostKey, c.KnownHosts, c.TrustNewHostKey = "", "/x", true }, ""},
		{"no host key", func(c *ILOSSHConfig) { c.HostKey = "" }, "set host_key"},
		{"short fingerprint", func(c *ILOSSHConfig) { c.HostKey = "SHA256:AAAA" }, "ssh-keygen -l"},
		{"blank fingerprint", func(c *ILOSSHConfig) { c.HostKey = " , " }, "empty"},
		{"key itself", func(c *ILOSSHConfig) { c.HostKey = "ssh-rsa AAAA" }, "ssh-keygen -l"},
		{"trust without a file", func(c *ILOSSHConfig) { c.TrustNewHostKey = true }, "set known_hosts"},
		{"port", func(c *ILOSSHConfig) { c.Port = 65536 }, "port 65536"},
		{"network", func(c *ILOSSHConfig) { c.Network = "udp" }, "tcp6"},
		{"user", func(c *ILOSSHConfig) { c.Username = "" }, "user name"},
		{"password", func(c *ILOSSHConfig) { c.Password = "" }, "password"},
		{"prompt", func(c *ILOSSHConfig) { c.Prompt = "(" }, "regular expression"},
		{"empty prompt", func(c *ILOSSHConfig) { c.Prompt = "(MP>)?" }, "empty line"},
		{"time", func(c *ILOSSHConfig) { c.Timeout = -1 }, "negative"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := good
			tt.change(&c)
			err := c.Check()
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("Check = %v, want %q", err, tt.want)
			}
			if err != nil {
				checkErrorText(t, err, tt.want)
			}
		})
	}
}
