package agents

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/ocf"
)

// Parameters of a service that are wrong are wrong on every node, and say so; whatever the
// files hold that they name, the service is asked somewhere.
func FuzzServiceParameters(f *testing.F) {
	f.Add(0, "opennebula", "http://127.0.0.1:2633/RPC2", "10", "PORT = 2633\n", "oneadmin:password\n")
	f.Add(1, "opennebula-flow.service", "https://x/", "0", ":host: 0.0.0.0\n:port: x\n", "")
	f.Add(5, "../x", "http://u:p@h/", "-1", "]", "no colon")
	f.Add(11, "a b", "", "9223372036854775807", "\x00", ":\n")
	dir := f.TempDir()
	config, auth := filepath.Join(dir, "config"), filepath.Join(dir, "one_auth")
	f.Fuzz(func(t *testing.T, row int, unit, endpoint, timeout, text, credentials string) {
		if os.WriteFile(config, []byte(text), 0o600) != nil || os.WriteFile(auth, []byte(credentials), 0o600) != nil {
			t.Fatal("no file to read")
		}
		s := service{one.Services[(row%len(one.Services)+len(one.Services))%len(one.Services)]}
		given := map[string]string{"unit": unit, "probe_timeout": timeout}
		if s.Config != "" {
			given["config"] = config
		}
		if s.Port != 0 {
			given["endpoint"] = endpoint
		}
		if s.ReachesOned() {
			given["auth_file"] = auth
		}
		req := ocf.NewRequest(Service(s.Service), ocf.Monitor, given)
		name, err := unitOf(req)
		if err != nil && ocf.CodeOf(err) != ocf.ConfiguredCode {
			t.Errorf("the unit %q: %v is no error of the configuration", unit, err)
		}
		if err == nil && (name == "" || strings.ContainsAny(name, "/ \n")) {
			t.Errorf("%q is the unit %q", unit, name)
		}
		a, err := s.askerFrom(req)
		if err != nil {
			if ocf.CodeOf(err) != ocf.ConfiguredCode {
				t.Errorf("%v is no error of the configuration", err)
			}
			return
		}
		if a.timeout <= 0 || s.Port != 0 && a.probe.Settings.Endpoint == (one.Endpoint{}) {
			t.Errorf("%s is asked as %+v, for %s", s.Name, a.probe.Settings, a.timeout)
		}
		if password, ok := strings.CutPrefix(strings.TrimSpace(credentials), "oneadmin:"); ok && len(password) > 6 && a.noCredentials != nil && strings.Contains(a.noCredentials.Error(), password) {
			t.Errorf("the error %q shows the password", a.noCredentials)
		}
	})
}
