package one

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const hangs = "does not answer"

var allErrors = []error{ErrHung, ErrNotListening, ErrOned, ErrDatabase, ErrCredentials}

// check probes a service and compares what its error is and says. Where something
// hangs the probe has little time, else as much as a slow machine needs.
func check(t *testing.T, name string, depth int, p Probe, says string, are ...error) {
	t.Helper()
	limit := 10 * time.Second
	if says == hangs {
		limit = 300 * time.Millisecond
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	began := time.Now()
	err := service(t, name).Probe(ctx, depth, p)
	if took := time.Since(began); took > limit+2*time.Second {
		t.Errorf("%s: the probe took %s of its %s", name, took, limit)
	}
	if says == "" {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		return
	}
	if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "not-to-be-seen") {
		t.Errorf("%s: error %v, want %q", name, err, says)
	}
	for _, e := range allErrors {
		if errors.Is(err, e) != slices.Contains(are, e) {
			t.Errorf("%s: error %v is %q: %t", name, err, e, errors.Is(err, e))
		}
	}
}

func at(e Endpoint) Probe { return Probe{Settings: Settings{Endpoint: e}} }

// Every service with a port, against everything that can be wrong at a port.
func TestProbeMisbehaviour(t *testing.T) {
	noFDLeak(t)
	for _, c := range []struct {
		name   string
		where  func(testing.TB) Endpoint
		says   string
		is     []error
		except map[string]string // services of which another text is expected
	}{
		{"nothing listens", freePort, "nothing listens", []error{ErrNotListening}, nil},
		{"stopped", stopped, hangs, []error{ErrHung}, nil},
		{"hangs", func(t testing.TB) Endpoint { return serve(t, hang) }, hangs, []error{ErrHung}, nil},
		{"drips", func(t testing.TB) Endpoint { return serve(t, drip) }, hangs, []error{ErrHung}, nil},
		{"hangs up", func(t testing.TB) Endpoint { return serve(t, hangUp) }, ": ", nil, nil}, // reset or end of file, as the race goes
		{"babbles", func(t testing.TB) Endpoint { return serve(t, babble) }, "what answers is not an HTTP server", nil, map[string]string{"guacd": "what answers does not speak the Guacamole protocol"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, s := range Services {
				if s.Port == 0 {
					continue
				}
				t.Run(s.Name, func(t *testing.T) {
					t.Parallel()
					says := c.says
					if other, ok := c.except[s.Name]; ok {
						says = other
					}
					check(t, s.Name, 10, at(c.where(t)), says, c.is...)
				})
			}
		})
	}
}

func TestProbeHTTP(t *testing.T) {
	for status, says := range map[string]string{
		"200 OK":                  "",
		"302 Found":               "",
		"401 Unauthorized":        "",
		"405 Method Not Allowed":  "",
		"404":                     "",
		"500 Internal Error":      "HTTP status 500 Internal Error",
		"503 Service Unavailable": "HTTP status 503",
		"wrong":                   "is not an HTTP server",
		"9999 x":                  "is not an HTTP server",
	} {
		for _, name := range []string{"sunstone", "fireedge", "gate", "flow", "novnc", "form", "ks"} {
			check(t, name, 10, at(serve(t, respond(status))), says)
		}
	}
}

// Depth 10 of oned: whatever it answers, it speaks XML-RPC.
func TestProbeOnedAnswers(t *testing.T) {
	for file, says := range map[string]string{
		"system_version_ok":           "",
		"system_version_badpw":        "",
		"survivor_one.system.version": "",
		"nomethod":                    "",
	} {
		check(t, "oned", 10, at(fakeOned(t, map[string]string{"": file})), says)
	}
	check(t, "oned", 10, at(serve(t, respond("404 Not Found"))), "HTTP status 404 Not Found: what answers is not oned")
	check(t, "oned", 10, at(serve(t, respond("200 OK"))), "read XML-RPC answer")
	check(t, "oned", 0, at(freePort(t)), "")
}

// A database that works, of the oned on this machine.
func sqliteConfig(t testing.TB) OnedConfig {
	t.Helper()
	file := filepath.Join(t.TempDir(), "one.db")
	if err := os.WriteFile(file, []byte(sqliteMagic+"..."), 0o600); err != nil {
		t.Fatal(err)
	}
	return OnedConfig{File: "oned.conf", ServerID: -1, DB: Database{Backend: "sqlite", File: file}}
}

func TestProbeOnedReadsItsDatabase(t *testing.T) {
	well, lost := sqliteConfig(t), sqliteConfig(t)
	lost.DB.File += ".gone"
	auth := Credentials{session: secret, file: "/var/lib/one/.one/one_auth"}
	for _, c := range []struct {
		name, file string
		config     OnedConfig
		auth       Credentials
		says       string
		is         []error
	}{
		{"well", "system_version_ok", well, auth, "", nil},
		{"wrong password", "system_version_badpw", well, auth, "correct the user and password in /var/lib/one/.one/one_auth", []error{ErrCredentials}},
		{"no credentials", "system_version_badpw", well, Credentials{}, "none are given", []error{ErrCredentials}},
		{"database gone", "dbdown_one.system.version", lost, auth, "one.db.gone: no such file", []error{ErrDatabase}},
		{"no telling", "dbdown_one.system.version", OnedConfig{}, auth, "the credentials are wrong, or oned has lost its database (code 256", nil},
		{"unknown database", "dbdown_one.system.version", OnedConfig{File: "f", DB: Database{Backend: "postgresql"}}, auth, "code 256", nil},
		{"no leader", "survivor_one.system.version", well, auth, "oned refuses (code 8192, INTERNAL): ", nil},
		{"failed read", "survivor_one.system.version", lost, auth, "lost its database", []error{ErrDatabase}},
		{"not allowed", "nomethod", lost, auth, "XML-RPC fault -506", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := at(fakeOned(t, map[string]string{"one.zonepool.info": c.file, "": "system_version_ok"}))
			p.OnedConfig, p.Credentials = c.config, c.auth
			check(t, "oned", 20, p, c.says, c.is...)
		})
	}
}

// An oned that waits for its database does not hang by itself.
func TestProbeOnedWaitsForItsDatabase(t *testing.T) {
	p := at(stopped(t))
	p.OnedConfig = sqliteConfig(t)
	check(t, "oned", 10, p, hangs, ErrHung)
	host, port := split(t, stopped(t))
	p.OnedConfig.DB = Database{Backend: "mysql", Server: host, Port: port}
	check(t, "oned", 10, p, hangs, ErrDatabase)
	check(t, "flow", 20, Probe{
		Settings:   Settings{Endpoint: serve(t, respond("401 x")), Oned: p.Endpoint},
		OnedConfig: p.OnedConfig,
	}, hangs, ErrOned, ErrDatabase)
}

func TestProbePathToOned(t *testing.T) {
	web := serve(t, respond("200 OK"))
	lost := sqliteConfig(t)
	lost.DB.File += ".gone"
	asks := []string{"sunstone", "fireedge", "gate", "flow", "form", "ks", "scheduler", "showback"}
	for _, c := range []struct {
		name   string
		oned   Endpoint
		config OnedConfig
		says   string
		is     []error
	}{
		{"well", fakeOned(t, map[string]string{"": "system_version_ok"}), OnedConfig{}, "", nil},
		{"down", freePort(t), OnedConfig{}, "its path to oned does not: ask oned at ", []error{ErrOned}},
		{"stopped", stopped(t), OnedConfig{}, hangs, []error{ErrOned}},
		{"password", fakeOned(t, map[string]string{"": "system_version_badpw"}), sqliteConfig(t), "refuses the credentials", []error{ErrOned, ErrCredentials}},
		{"database", fakeOned(t, map[string]string{"": "dbdown_one.system.version"}), lost, "no such file", []error{ErrOned, ErrDatabase}},
	} {
		for _, name := range asks {
			t.Run(c.name+" "+name, func(t *testing.T) {
				t.Parallel()
				s := service(t, name)
				p := Probe{Settings: Settings{Oned: c.oned}, OnedConfig: c.config, Credentials: Credentials{session: secret}}
				if s.Port != 0 {
					p.Endpoint = web
				}
				check(t, name, 20, p, c.says, c.is...)
			})
		}
	}
	// These ask no oned.
	check(t, "novnc", 20, at(web), "")
}

func TestProbeFlowAsksOned(t *testing.T) {
	oned := fakeOned(t, map[string]string{"": "system_version_ok"})
	for status, want := range map[string]struct {
		says string
		is   []error
	}{
		"200 OK":           {"", nil},
		"401 Unauthorized": {"401 to credentials that oned at " + oned.String() + " takes", []error{ErrOned}},
		"500 Oops":         {"HTTP status 500 Oops", nil},
	} {
		var asked, authorization string
		e := serve(t, func(c net.Conn) {
			line, head, _ := readRequest(c)
			answer := "401 Unauthorized"
			if strings.HasPrefix(line, "GET /service ") {
				asked, authorization = line, head["Authorization"]
				answer = status
			}
			fmt.Fprintf(c, "HTTP/1.1 %s\r\n\r\n", answer)
		})
		check(t, "flow", 20, Probe{Settings: Settings{Endpoint: e, Oned: oned}, Credentials: Credentials{session: secret}}, want.says, want.is...)
		if asked == "" || authorization != "Basic "+base64.StdEncoding.EncodeToString([]byte(secret)) {
			t.Errorf("asked %q with %q", asked, authorization)
		}
	}
	hung := serve(t, func(c net.Conn) {
		if line, _, _ := readRequest(c); strings.HasPrefix(line, "GET /service ") {
			hang(c)
		}
		fmt.Fprint(c, "HTTP/1.1 401 x\r\n\r\n")
	})
	check(t, "flow", 20, Probe{Settings: Settings{Endpoint: hung, Oned: oned}}, hangs, ErrHung)
}

// guacd as its source has it: it reads one instruction, for up to 15 seconds.
func fakeGuacd(says string) func(net.Conn) {
	return func(c net.Conn) {
		var got []byte
		for b := make([]byte, 1); !strings.HasSuffix(string(got), ";"); got = append(got, b[0]) {
			if _, err := c.Read(b); err != nil {
				return
			}
		}
		if string(got) == "6.select,14.$oneha-monitor;" {
			_, _ = io.WriteString(c, says)
		}
	}
}

func TestProbeGuacd(t *testing.T) {
	noFDLeak(t)
	check(t, "guacd", 20, at(serve(t, fakeGuacd("5.error,19.No such connection.,3.516;"))), "")
	check(t, "guacd", 10, at(serve(t, fakeGuacd(""))), "") // before 1.4.0
	check(t, "guacd", 10, at(serve(t, fakeGuacd("4.args,1.x;"))), "does not speak the Guacamole protocol")
	check(t, "guacd", 10, at(serve(t, respond("200 OK"))), hangs, ErrHung) // it waits for the end of the line
}

func TestProbeTLS(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	for name, version := range map[string]uint16{"1.2 takes part": tls.VersionTLS12, "1.3 sends an alert": tls.VersionTLS13} {
		t.Run(name, func(t *testing.T) {
			config := &tls.Config{MinVersion: version, Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
			e := serve(t, func(c net.Conn) { _ = tls.Server(c, config).Handshake() })
			e.tls = true
			check(t, "novnc", 10, at(e), "")
			check(t, "guacd", 10, at(e), "")
		})
	}
	for says, handle := range map[string]func(net.Conn){"does not speak TLS": babble, hangs: hang} {
		e := serve(t, handle)
		e.tls = true
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		if err := service(t, "novnc").Probe(ctx, 10, at(e)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v, want %q", err, says)
		}
		cancel()
	}
}

func TestProbeHem(t *testing.T) {
	hem := func(e Endpoint, pids ...int) Probe { return Probe{Settings: Settings{Events: e}, PIDs: pids} }
	events := stopped(t)
	check(t, "hem", 10, hem(events), "no process")
	check(t, "hem", 10, hem(events, os.Getpid()), "none of its processes is connected to oned's events at "+events.String())
	check(t, "hem", 0, hem(events), "")
	c, err := net.Dial("tcp", events.address)
	if err != nil {
		t.Fatal(err)
	}
	check(t, "hem", 10, hem(events, 1<<30, os.Getpid()), "")
	_, port := split(t, events)
	check(t, "hem", 10, hem(endpointOf(localhost, port), os.Getpid()), "")
	check(t, "hem", 10, hem(endpointOf("one.example", port), os.Getpid()), "")
	check(t, "hem", 10, hem(endpointOf("127.0.0.2", port), os.Getpid()), "none of its processes", ErrOned)
	c.Close()
	check(t, "hem", 10, hem(events, os.Getpid()), "none of its processes")
}

func TestEstablishedSockets(t *testing.T) {
	const text = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0A49 00000000:0000 0A 00000000:00000000 00:00000000 00000000  9869        0 1000 1 0000000000000000 100 0 0 10 0
   1: 0100007F:9C40 0100007F:0835 01 00000000:00000000 02:000005A4 00000000  9869        0 2000 2 0000000000000000 20 4 30 10 -1
   2: 0000000000000000FFFF00000100007F:9C42 0000000000000000FFFF00000100007F:0835 01 00000000:00000000 02:0 0  9869 0 3000
   3: x:y z:w 01 a b c d e f
`
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		t.Skip("the text is that of a little-endian machine")
	}
	local := netip.MustParseAddrPort("127.0.0.1:2101")
	want := []socket{{local, "2000"}, {local, "3000"}}
	if got := establishedSockets(text); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func FuzzEstablishedSockets(f *testing.F) {
	f.Add("   1: 0100007F:9C40 0100007F:0835 01 00000000:00000000 02:000005A4 00000000  9869        0 2000 2")
	f.Fuzz(func(t *testing.T, text string) {
		for _, s := range establishedSockets(text) {
			if !s.remote.Addr().IsValid() || s.inode == "" {
				t.Errorf("%+v", s)
			}
		}
	})
}

func TestProbeHonoursCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if err := service(t, "gate").Probe(ctx, 10, at(stopped(t))); !errors.Is(err, context.Canceled) || errors.Is(err, ErrHung) {
		t.Errorf("error %v", err)
	}
}
