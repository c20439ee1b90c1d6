package fakeredfish

import (
	"crypto/tls"
	"encoding/json"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The machine's states over time, which the tests of the driver lean on.
func TestMachine(t *testing.T) {
	const late = 40 * time.Millisecond
	tests := []struct {
		resetType string
		off       bool // before
		taken     bool
		now, then string // PowerState at once, and when all is done
	}{
		{"ForceOff", false, true, "On", "Off"},
		{"ForceOff", true, true, "Off", "Off"},
		{"On", true, true, "Off", "On"},
		{"ForceOn", true, true, "Off", "On"},
		{"GracefulShutdown", false, true, "On", "On"}, // it hangs
		{"PushPowerButton", false, true, "On", "On"},
		{"PushPowerButton", true, true, "Off", "On"},
		{"Nmi", false, true, "On", "On"},
		{"PowerCycle", false, true, "On", "On"},
		{"ForceRestart", true, false, "Off", "Off"},
	}
	for _, tt := range tests {
		m := newMachine(System{ID: "1"}, Options{Off: tt.off, Late: late})
		if taken := m.reset(tt.resetType); taken != tt.taken {
			t.Errorf("%s: taken %v", tt.resetType, taken)
		}
		if s := m.state(); s != tt.now {
			t.Errorf("%s: at once %s, want %s", tt.resetType, s, tt.now)
		}
		if tt.resetType == "PowerCycle" {
			time.Sleep(late * 3 / 2)
			if s := m.state(); s != "Off" {
				t.Errorf("%s: in between %s", tt.resetType, s)
			}
		}
		time.Sleep(late * 5 / 4)
		if s := m.state(); s != tt.then {
			t.Errorf("%s: in the end %s, want %s", tt.resetType, s, tt.then)
		}
	}
}

// What a program sees without credentials, and that every answer is JSON with the
// path that was asked for.
func TestResources(t *testing.T) {
	b, err := Start(Options{ActionInfo: true})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	defer client.CloseIdleConnections()
	get := func(path, user string) (int, string) {
		req, err := http.NewRequest(http.MethodGet, "https://"+net.JoinHostPort(b.Host, strconv.Itoa(b.Port))+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if user != "" {
			req.SetBasicAuth(user, accounts[user])
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var body struct {
			Path string `json:"@odata.id"`
		}
		if err := json.NewDecoder(resp.Body).Decode(&body); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		return resp.StatusCode, body.Path
	}
	for _, path := range []string{rootPath, systemsPath, systemsPath + "/1", systemsPath + "/1/ResetActionInfo", servicePath, sessionsPath} {
		if code, at := get(path, ViewerName); code != 200 || at != path {
			t.Errorf("%s: HTTP %d, %q", path, code, at)
		}
		if code, _ := get(path, ""); path != rootPath && code != 401 {
			t.Errorf("%s without a login: HTTP %d", path, code)
		}
	}
	if code, _ := get(systemsPath+"/2", ViewerName); code != 404 {
		t.Errorf("a system that is not there: HTTP %d", code)
	}
}

func FuzzParseRule(f *testing.F) {
	for _, s := range []string{"GET /Systems slow:1s", "* * silent", "POST /Sessions status:500", "* /x redirect:https://a/", "", "a b c", "* * status:x", "* * slow:"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ParseRule(text)
		if err == nil && (r.Fault == nil || len(strings.Fields(text)) != 3) {
			t.Errorf("%q gives %+v", text, r)
		}
	})
}
