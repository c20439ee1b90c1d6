package main

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/oneha/oneha/test/fakeredfish"
)

// redfishOptions are those that log in, and more, in which HOST, PORT and FILE stand
// for the address and a password_file.
func redfishOptions(t *testing.T, b *fakeredfish.BMC, more ...string) string {
	t.Helper()
	fill := strings.NewReplacer("HOST", b.Host, "PORT", fmt.Sprint(b.Port), "FILE", secretFile(t))
	return fmt.Sprintf("nodename=n1\nip=%s\nipport=%d\nusername=%s\npassword=%s\nssl_ca_file=%s\n%s\n",
		b.Host, b.Port, fakeredfish.Username, fakeredfish.Password, b.CAFile(t), fill.Replace(strings.Join(more, "\n")))
}

// resets are the power commands that the BMC got, as "Id ResetType".
func resets(b *fakeredfish.BMC) (list []string) {
	for _, c := range b.Commands() {
		list = append(list, c.System+" "+c.ResetType)
	}
	return list
}

// checkNoSecret looks for the password, plain and as basic authentication has it.
func checkNoSecret(t *testing.T, o outcome) {
	t.Helper()
	basic := base64.StdEncoding.EncodeToString([]byte(fakeredfish.Username + ":" + fakeredfish.Password))
	for _, secret := range []string{fakeredfish.Password, basic} {
		if strings.Contains(o.Stdout+o.Stderr, secret) {
			t.Errorf("the output shows the password:\n%s%s", o.Stdout, o.Stderr)
		}
	}
}

func TestRedfishAgents(t *testing.T) {
	type bmcOptions = fakeredfish.Options
	const late = 300 * time.Millisecond
	three := []fakeredfish.System{{ID: "1"}, {ID: "2", Name: "blade two"}, {ID: "3"}}
	rule := func(method, path string, f fakeredfish.Fault) []fakeredfish.Rule {
		return []fakeredfish.Rule{{Method: method, Path: path, Fault: f}}
	}
	tests := []struct {
		name   string
		bmc    bmcOptions
		more   string  // options, separated by spaces
		want   outcome // Stderr is a substring
		resets []string
		on     bool // system 1, in the end
		both   bool // the same with fence_bmc_ilo
	}{
		{"status on", bmcOptions{}, "action=status", outcome{0, "Status: ON\n", ""}, nil, true, true},
		{"status off", bmcOptions{Off: true}, "action=status", outcome{2, "Status: OFF\n", ""}, nil, false, true},
		{"monitor of a machine that is off", bmcOptions{Off: true}, "action=monitor", outcome{0, "", ""}, nil, false, true},
		{"off", bmcOptions{Late: late}, "action=off plug=n1", outcome{0, "Success: Powered OFF\n", ""}, []string{"1 ForceOff"}, false, true},
		{"off over states between", bmcOptions{Late: late, Between: true}, "action=off", outcome{0, "Success: Powered OFF\n", ""}, []string{"1 ForceOff"}, false, false},
		{"on", bmcOptions{Off: true, Late: late}, "action=on", outcome{0, "Success: Powered ON\n", ""}, []string{"1 On"}, true, true},
		{"already off", bmcOptions{Off: true}, "action=off", outcome{0, "Success: Already OFF\n", ""}, nil, false, true},
		{"already on", bmcOptions{}, "action=on", outcome{0, "Success: Already ON\n", ""}, nil, true, false},
		{"reboot", bmcOptions{Late: late, Strict: true}, "action=reboot", outcome{0, "Success: Rebooted\n", ""}, []string{"1 ForceOff", "1 On"}, true, true},
		{"reboot of a machine that is off", bmcOptions{Off: true}, "action=reboot", outcome{0, "Success: Rebooted\n", ""}, []string{"1 On"}, true, false},
		{"reboot in a session", bmcOptions{NoBasic: true, Late: late}, "action=reboot auth=session", outcome{0, "Success: Rebooted\n", ""}, []string{"1 ForceOff", "1 On"}, true, true},
		{"reboot, on refused", bmcOptions{ResetTypes: []string{"ForceOff"}}, "action=reboot power_timeout=1", outcome{0, "Success: Rebooted\n", "reset type On"}, []string{"1 ForceOff"}, false, false},
		{"diag", bmcOptions{}, "action=diag", outcome{0, "Success: Diagnostic interrupt sent\n", ""}, []string{"1 Nmi"}, true, true},
		{"diag, which this BMC has not", bmcOptions{ResetTypes: []string{"On", "ForceOff"}}, "action=diag", outcome{1, "", "cannot send a diagnostic interrupt"}, nil, true, false},
		{"validate-all", bmcOptions{Deaf: true}, "action=validate-all", outcome{0, "", ""}, nil, true, true},
		{"validate-all with a script", bmcOptions{Deaf: true}, "action=validate-all password= password_script=/bin/false", outcome{0, "", ""}, nil, true, true},
		{"password file", bmcOptions{}, "action=status password=wrong password_file=FILE", outcome{0, "Status: ON\n", ""}, nil, true, true},

		{"one of several by its path", bmcOptions{Systems: three}, "action=off systems_uri=/redfish/v1/Systems/2", outcome{0, "Success: Powered OFF\n", ""}, []string{"2 ForceOff"}, true, true},
		{"one of several by its Id", bmcOptions{Systems: three, PageSize: 1}, "action=off plug=2", outcome{0, "Success: Powered OFF\n", ""}, []string{"2 ForceOff"}, true, false},
		{"one of several by its Name", bmcOptions{Systems: []fakeredfish.System{{ID: "1"}, {ID: "2", Name: "two"}}}, "action=off port=two", outcome{0, "Success: Powered OFF\n", ""}, []string{"2 ForceOff"}, true, false},
		{"several, not said which", bmcOptions{Systems: three}, "action=off plug=n1", outcome{1, "", "3 systems (\"1\", \"2\", \"3\"): say which one to switch; systems_uri takes"}, nil, true, false},
		{"no such system", bmcOptions{}, "action=off plug=2", outcome{1, "", "no system \"2\": it has \"1\"; systems_uri takes"}, nil, true, false},
		{"path of no system", bmcOptions{}, "action=off systems_uri=/redfish/v1/Systems/9", outcome{1, "", "check the path of the system"}, nil, true, true},
		{"the first, with an iLO's options", bmcOptions{Systems: three}, "action=off systems-uri=/redfish/v1/Systems/1", outcome{0, "Success: Powered OFF\n", ""}, []string{"1 ForceOff"}, false, true},

		{"off refused", bmcOptions{Rules: rule("POST", ".Reset", fakeredfish.Status(500))}, "action=off", outcome{1, "", "reset the system with ForceOff: the BMC answers HTTP 500"}, nil, true, true},
		{"off not offered", bmcOptions{ResetTypes: []string{"On", "GracefulShutdown", "ForceRestart"}}, "action=off", outcome{1, "", "it takes only On, GracefulShutdown, ForceRestart"}, nil, true, true},
		{"off never shows", bmcOptions{Ignore: true}, "action=off power_timeout=0.5 retry_on=0", outcome{1, "", "timed out waiting to power OFF"}, []string{"1 ForceOff"}, true, true},
		{"off too late", bmcOptions{Late: time.Minute, Between: true}, "action=off power_timeout=0.5 retry_on=0", outcome{1, "", "timed out waiting to power OFF"}, []string{"1 ForceOff"}, true, false},
		{"a user who may only look", bmcOptions{}, "action=off username=" + fakeredfish.ViewerName + " password=" + fakeredfish.ViewerPassword, outcome{1, "", "give the user the role Operator"}, nil, true, true},
		{"neither on nor off", bmcOptions{Rules: rule("GET", "/Systems/1", fakeredfish.Text(200, `{"PowerState":"Unknown"}`))}, "action=status", outcome{1, "", "neither on nor off"}, nil, true, true},
		{"500", bmcOptions{Rules: rule("", "", fakeredfish.Status(500))}, "action=off", outcome{1, "", "HTTP 500"}, nil, true, true},
		{"500 once", bmcOptions{Rules: rule("POST", ".Reset", fakeredfish.Times(1, fakeredfish.Status(500)))}, "action=off", outcome{0, "Success: Powered OFF\n", ""}, []string{"1 ForceOff"}, false, true},
		{"garbage", bmcOptions{Rules: rule("", "", fakeredfish.Garbage())}, "action=off", outcome{1, "", "not what Redfish says"}, nil, true, true},
		{"not HTTP", bmcOptions{Rules: rule("", "", fakeredfish.NotHTTP())}, "action=off", outcome{1, "", "log in: "}, nil, true, false},
		{"reset", bmcOptions{Rules: rule("", "", fakeredfish.Reset())}, "action=off", outcome{1, "", "log in: "}, nil, true, true},
		{"no TLS", bmcOptions{PlainHTTP: true}, "action=off", outcome{1, "", "does not speak TLS"}, nil, true, false},
		{"certificate for another name", bmcOptions{CertNames: []string{"other.example"}}, "action=off", outcome{1, "", "not made for \"127.0.0.1\""}, nil, true, true},
		{"certificate of nobody known", bmcOptions{}, "action=off ssl_ca_file=", outcome{1, "", "the option for it is ssl_ca_file"}, nil, true, true},
		{"certificate not looked at", bmcOptions{CertNames: []string{""}}, "action=off ssl_ca_file= ssl_insecure=1", outcome{0, "Success: Powered OFF\n", ""}, []string{"1 ForceOff"}, false, true},
		{"ssl_insecure=0 is off", bmcOptions{}, "action=off ssl_ca_file= ssl_insecure=0", outcome{1, "", "known authority"}, nil, true, true},
		{"basic authentication switched off", bmcOptions{NoBasic: true}, "action=off", outcome{1, "", "refused the user name or the password"}, nil, true, false},
		{"no sessions", bmcOptions{NoSessions: true}, "action=off auth=session", outcome{1, "", "use basic authentication"}, nil, true, false},
		{"a BMC that repeats the credentials", bmcOptions{Rules: rule("", "/Systems/1", fakeredfish.Echo())}, "action=off verbose=1", outcome{1, "", "HTTP 400"}, nil, true, true},

		{"unknown action", bmcOptions{}, "action=of", outcome{1, "", `unknown action "of"`}, nil, true, true},
		{"no user name", bmcOptions{}, "action=off username=", outcome{1, "", "username is not set"}, nil, true, true},
		{"no password", bmcOptions{}, "action=off password=", outcome{1, "", "give one of password, password_file, password_script"}, nil, true, true},
		{"colon in the user name", bmcOptions{}, "action=off username=a:b", outcome{1, "", "set auth=session"}, nil, true, true},
		{"no TLS wanted", bmcOptions{}, "action=off ssl=0", outcome{1, "", "ssl=0 is not served"}, nil, true, true},
		{"two ways with the certificate", bmcOptions{}, "action=off ssl_insecure=1", outcome{1, "", "ssl_insecure and ssl_ca_file contradict"}, nil, true, true},
		{"another root", bmcOptions{}, "action=off redfish-uri=/rest/v1", outcome{1, "", "redfish_uri=/rest/v1 is not served"}, nil, true, true},
		{"address with port", bmcOptions{}, "action=status ip=HOST:PORT ipport=1", outcome{0, "Status: ON\n", ""}, nil, true, true},
		{"address with a wrong port", bmcOptions{}, "action=off ip=HOST:x", outcome{1, "", "port 0"}, nil, true, false},
		{"address in the plug", bmcOptions{}, "action=off ip=192.0.2.1 port_as_ip=1 plug=HOST", outcome{0, "Success: Powered OFF\n", ""}, []string{"1 ForceOff"}, false, true},
		{"everything of fence_redfish", bmcOptions{}, "action=status ipaddr=HOST login=admin passwd=" + fakeredfish.Password + " ssl=1 ssl_secure=1 ssl_insecure=0 gnutlscli_path=/nonexistent redfish-uri=/redfish/v1/ systems-uri=/redfish/v1/Systems/1 plug_separator=; power_wait=1 delay=1 verbose_level=0", outcome{0, "Status: ON\n", ""}, nil, true, true},
	}
	for _, tt := range tests {
		for _, name := range []string{"fence_bmc_redfish", "fence_bmc_ilo"} {
			if name == "fence_bmc_ilo" && !tt.both {
				continue
			}
			t.Run(name+" "+tt.name, func(t *testing.T) {
				t.Parallel()
				b := fakeredfish.Run(t, tt.bmc)
				_, wait := startAgent(t, name, redfishOptions(t, b, strings.Fields(tt.more)...))
				got := wait()
				if got.Code != tt.want.Code || got.Stdout != tt.want.Stdout || !strings.Contains(got.Stderr, tt.want.Stderr) || tt.want.Stderr == "" && got.Stderr != "" {
					t.Errorf("got %+v, want %+v", got, tt.want)
				}
				checkNoSecret(t, got)
				if diff := cmp.Diff(tt.resets, resets(b), cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("power commands (-want +got):\n%s", diff)
				}
				if on := b.On("1"); on != tt.on {
					t.Errorf("system 1 on: %v", on)
				}
				if open, _ := b.Sessions(); open != 0 {
					t.Errorf("%d sessions left open", open)
				}
			})
		}
	}
}

// The parameters of fence_redfish and fence_ilo 4.12, each of which an existing
// configuration may use.
const (
	redfishNames = `action ip ipaddr ipport login passwd passwd_script password password_script plug port ssl ssl_insecure ssl_secure username
		quiet verbose verbose_level debug debug_file version help plug_separator delay disable_timeout login_timeout port_as_ip
		power_timeout power_wait shell_timeout stonith_status_sleep retry_on gnutlscli_path redfish-uri redfish_uri systems-uri systems_uri`
	iloNames = redfishNames + " notls ribcl ribcl_version tls1.0"
)

func TestTakesThePlaceOfRedfish(t *testing.T) {
	declaresAll(t, "fence_bmc_redfish", strings.Fields(redfishNames))
	declaresAll(t, "fence_bmc_ilo", strings.Fields(iloNames))
}

// Refused credentials are offered twice, a certificate that is not trusted none.
func TestRedfishLoginsAreFew(t *testing.T) {
	tests := []struct {
		name, more, stderr string
		bmc                fakeredfish.Options
		logins, most       int // requests with the password; connections
	}{
		{"wrong password", "password=nonsense", "refused the user name or the password", fakeredfish.Options{}, 2, 2},
		{"wrong password in a session", "password=nonsense auth=session", "refused the user name or the password", fakeredfish.Options{}, 2, 2},
		{"wrong certificate", "", "not made for", fakeredfish.Options{CertNames: []string{"other.example"}}, 0, 1},
	}
	for _, tt := range tests {
		b := fakeredfish.Run(t, tt.bmc)
		_, wait := startAgent(t, "fence_bmc_redfish", redfishOptions(t, b, append(strings.Fields(tt.more), "action=off", "verbose=1")...), "PCMK_service=pacemaker-fenced")
		got := wait()
		if got.Code != 1 || !strings.Contains(got.Stderr, tt.stderr) || strings.Contains(got.Stderr, "nonsense") {
			t.Errorf("%s: %+v", tt.name, got)
		}
		checkNoSecret(t, got)
		logins := 0
		for _, r := range b.Requests() {
			if r.Auth == "refused" || r.Method == "POST" {
				logins++
			}
		}
		if n := b.Connections(); logins != tt.logins || n > tt.most || len(b.Commands()) > 0 {
			t.Errorf("%s: %d logins over %d connections, commands %v", tt.name, logins, n, b.Commands())
		}
	}
}

// Each step has a limit, under Pacemaker too, and a request that is slow within it
// is waited for.
func TestRedfishTimeLimits(t *testing.T) {
	all := func(f fakeredfish.Fault) []fakeredfish.Rule { return []fakeredfish.Rule{{Fault: f}} }
	tests := []struct {
		name string
		bmc  fakeredfish.Options
		want outcome
		most time.Duration
	}{
		{"deaf", fakeredfish.Options{Deaf: true}, outcome{1, "", "does not answer"}, 5 * time.Second},
		{"silent", fakeredfish.Options{Rules: all(fakeredfish.Silent())}, outcome{1, "", "does not answer"}, 5 * time.Second},
		{"silent to off", fakeredfish.Options{Rules: []fakeredfish.Rule{{Method: "POST", Path: ".Reset", Fault: fakeredfish.Silent()}}}, outcome{1, "", "does not answer"}, 5 * time.Second},
		{"slow", fakeredfish.Options{Rules: all(fakeredfish.Slow(200 * time.Millisecond))}, outcome{0, "Success: Powered OFF\n", ""}, 5 * time.Second},
	}
	for _, tt := range tests {
		for _, auth := range []string{"basic", "session"} {
			t.Run(tt.name+" "+auth, func(t *testing.T) {
				t.Parallel()
				b := fakeredfish.Run(t, tt.bmc)
				begin := time.Now()
				_, wait := startAgent(t, "fence_bmc_redfish", redfishOptions(t, b, "action=off", "login_timeout=1", "shell_timeout=1", "auth="+auth), "PCMK_service=pacemaker-fenced")
				got := wait()
				if took := time.Since(begin); got.Code != tt.want.Code || got.Stdout != tt.want.Stdout || !strings.Contains(got.Stderr, tt.want.Stderr) || took > tt.most {
					t.Errorf("%+v after %s", got, took)
				}
				if open, _ := b.Sessions(); open != 0 {
					t.Errorf("%d sessions left open", open)
				}
			})
		}
	}
}
