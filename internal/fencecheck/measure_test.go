package fencecheck

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/oneha/oneha/fence"
	"github.com/oneha/oneha/internal/bmc"
	"github.com/oneha/oneha/internal/fenceagent"
	"github.com/oneha/oneha/test/fakeilo"
)

// lamp is an agent's device in memory. Each login takes the next of its errors.
type lamp struct {
	mu       sync.Mutex
	login    []error
	states   []fence.State // in turn, the last one stays
	slow     time.Duration // a login takes
	log      []string
	switched bool
}

func (l *lamp) note(what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.log = append(l.log, what)
}

func (l *lamp) open(ctx context.Context, _ *fence.Request) (fence.Device, error) {
	l.note("login")
	select {
	case <-time.After(l.slow):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if len(l.login) > 0 {
		err := l.login[0]
		l.login = l.login[1:]
		if err != nil {
			return nil, err
		}
	}
	return l, nil
}

func (l *lamp) Power(context.Context) (fence.State, error) {
	l.note("status")
	state := fence.On
	if len(l.states) > 0 {
		state = l.states[0]
		if len(l.states) > 1 {
			l.states = l.states[1:]
		}
	}
	if state == "" {
		return "", errors.New("no answer")
	}
	return state, nil
}

func (l *lamp) SetPower(context.Context, fence.State) error { l.switched = true; return nil }
func (l *lamp) Close(context.Context) error                 { l.note("logout"); return nil }

// deviceOf is the lamp behind an agent that needs no connection.
func (l *lamp) device(more ...Option) Device {
	agent := fence.Agent{
		Name: "fence_bmc_ipmi", Open: l.open, Defaults: map[string]string{"ipport": "623"},
		Options: []fence.Option{{Name: "privlvl", Arg: "level", Type: fence.String, Default: "operator"}},
	}
	return Device{Node: "n1", Agent: agent, Options: append([]Option{{"ip", "192.0.2.1"}}, more...)}
}

func repeat(n int, err error) (all []error) { return slices.Repeat([]error{err}, n) }

func TestMeasure(t *testing.T) {
	refused := fmt.Errorf("bad password: %w", fence.ErrLogin)
	silent := fmt.Errorf("nobody there: %w", bmc.ErrSilent)
	tests := []struct {
		name      string
		lamp      *lamp
		tries     int
		made, ok  int
		reachable bool
		power     fence.State
		err       string // in it
		log       string
	}{
		{"good", &lamp{}, 3, 3, 3, true, fence.On, "", "login status logout login status logout login status logout"},
		{"off", &lamp{states: []fence.State{fence.Off}}, 1, 1, 1, true, fence.Off, "", "login status logout"},
		{"refused", &lamp{login: repeat(9, refused)}, 5, 2, 0, true, "", "bad password", "login login"},
		{"silent", &lamp{login: repeat(9, silent)}, 5, 2, 0, false, "", "nobody there", "login login"},
		{"another answer", &lamp{login: repeat(9, errors.New("no free session"))}, 5, 2, 0, true, "", "no free session", "login login"},
		{"untrusted", &lamp{login: repeat(9, fence.ErrUntrusted)}, 5, 1, 0, true, "", "not trusted", "login"},
		{"one login lost", &lamp{login: []error{nil, silent, nil}}, 3, 3, 2, true, fence.On, "nobody there", "login status logout login login status logout"},
		{"no status", &lamp{states: []fence.State{""}}, 5, 2, 0, true, "", "no answer", "login status logout login status logout"},
		{"neither on nor off", &lamp{states: []fence.State{"?"}}, 1, 1, 0, true, "", "neither on nor off", "login status logout"},
	}
	for _, test := range tests {
		m := Measure(t.Context(), []Device{test.lamp.device()}, test.tries)[0]
		if m.Tries != test.made || len(m.Visits) != test.ok || m.Reachable != test.reachable || m.Power != test.power || !m.Asked {
			t.Errorf("%s: %+v", test.name, m)
		}
		if (m.Err != nil) != (test.err != "") || m.Err != nil && !strings.Contains(m.Err.Error(), test.err) {
			t.Errorf("%s: error %v", test.name, m.Err)
		}
		if got := strings.Join(test.lamp.log, " "); got != test.log || test.lamp.switched {
			t.Errorf("%s: %s, want %s; switched %t", test.name, got, test.log, test.lamp.switched)
		}
	}
}

func TestMeasureWrongOptions(t *testing.T) {
	l := &lamp{}
	for _, wrong := range []Option{{"login_timeout", "soon"}, {"password_file", "/nonexistent/file"}} {
		if m := Measure(t.Context(), []Device{l.device(wrong)}, 3)[0]; m.Err == nil || m.Asked || m.Tries != 0 || len(l.log) != 0 {
			t.Errorf("%v: %+v, %v", wrong, m, l.log)
		}
	}
}

// All devices are asked at the same time, each within its own time limit, and
// their order stays.
func TestMeasureSideBySide(t *testing.T) {
	var devices []Device
	for i := range 8 {
		d := (&lamp{slow: time.Minute}).device(Option{"login_timeout", "0.2"})
		d.Node = strconv.Itoa(i)
		devices = append(devices, d)
	}
	begin := time.Now()
	all := Measure(t.Context(), devices, 3)
	if took := time.Since(begin); took > 3*time.Second {
		t.Errorf("took %s", took)
	}
	for i, m := range all {
		if m.Device.Node != strconv.Itoa(i) || m.Tries != 2 || m.Reachable || m.Err == nil {
			t.Errorf("%+v", m)
		}
	}
}

func TestMeasureInterrupted(t *testing.T) {
	l := &lamp{slow: time.Minute}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	begin := time.Now()
	m := Measure(ctx, []Device{l.device()}, 3)[0]
	if took := time.Since(begin); took > 2*time.Second || m.Err == nil || m.Err.Error() != "interrupted" || m.Reachable {
		t.Errorf("%+v after %s", m, took)
	}
}

func steps(t *testing.T, d Device) (string, bool) {
	t.Helper()
	var all []string
	ok := Walk(t.Context(), d, func(s Step) { all = append(all, s.Name+"="+string(s.Result)) })
	return strings.Join(all, " "), ok
}

func TestWalk(t *testing.T) {
	const skipped = "=not tried"
	tests := []struct {
		name string
		lamp *lamp
		more []Option
		want string
		log  string
	}{
		{"good", &lamp{}, nil, "settings=ok resolve=ok reach=unknown login=ok privileges=ok power=ok power again=ok", "login status status logout"},
		{"refused once", &lamp{login: []error{fence.ErrLogin}}, nil, "settings=ok resolve=ok reach=unknown login=FAILED privileges" + skipped + " power" + skipped + " power again" + skipped, "login"},
		{"low level", &lamp{}, []Option{{"privlvl", "user"}}, "settings=ok resolve=ok reach=unknown login=ok privileges=FAILED power" + skipped + " power again" + skipped, "login logout"},
		{"changes by itself", &lamp{states: []fence.State{fence.On, fence.Off}}, nil, "settings=ok resolve=ok reach=unknown login=ok privileges=ok power=ok power again=FAILED", "login status status logout"},
		{"answers once", &lamp{states: []fence.State{fence.On, ""}}, nil, "settings=ok resolve=ok reach=unknown login=ok privileges=ok power=ok power again=FAILED", "login status status logout"},
		{"wrong option", &lamp{}, []Option{{"login_timeout", "x"}}, "settings=FAILED resolve" + skipped + " reach" + skipped + " login" + skipped + " privileges" + skipped + " power" + skipped + " power again" + skipped, ""},
		{"no such name", &lamp{}, []Option{{"ip", "bmc.invalid"}, {"login_timeout", "2"}}, "settings=ok resolve=FAILED reach" + skipped + " login" + skipped + " privileges" + skipped + " power" + skipped + " power again" + skipped, ""},
	}
	for _, test := range tests {
		got, ok := steps(t, test.lamp.device(test.more...))
		if got != test.want || ok != !strings.Contains(got, "FAILED") {
			t.Errorf("%s: %s %t", test.name, got, ok)
		}
		if log := strings.Join(test.lamp.log, " "); log != test.log || test.lamp.switched {
			t.Errorf("%s: %s", test.name, log)
		}
	}
}

// A device with a connection: an iLO over SSH, which the description has no
// scheme for yet.
func TestILOSSH(t *testing.T) {
	agent, ok := fenceagent.Find("fence_bmc_ilo_ssh")
	if !ok {
		t.Fatal("no such agent")
	}
	ilo := fakeilo.Start(t, fakeilo.Options{})
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte(fakeilo.Password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	d := Device{Node: "n1", Agent: agent, Options: []Option{
		{"host_key", ssh.FingerprintSHA256(ilo.HostKeys()[0])}, {"ip", ilo.Host()}, {"ipport", strconv.Itoa(ilo.Port())},
		{"password_file", password}, {"username", fakeilo.Username},
	}}
	if got, ok := steps(t, d); !ok || got != "settings=ok resolve=ok reach=ok login=ok privileges=unknown power=ok power again=ok" {
		t.Error(got)
	}
	if m := Measure(t.Context(), []Device{d}, 2)[0]; m.Err != nil || len(m.Visits) != 2 || m.Power != fence.On || !m.Reachable || m.Visits[0].Login <= 0 {
		t.Errorf("%+v", m)
	}
	if d.Address() != net.JoinHostPort(ilo.Host(), strconv.Itoa(ilo.Port())) {
		t.Error(d.Address())
	}
	ilo.Close()
	m := Measure(t.Context(), []Device{d}, 2)[0]
	if m.Reachable || m.Tries != 0 || m.Err == nil || !strings.Contains(m.Err.Error(), "nothing listens") {
		t.Errorf("%+v", m)
	}
	for _, c := range ilo.Commands() {
		if strings.Contains(c, "off") || strings.Contains(c, "stop") || strings.Contains(c, "power on") {
			t.Errorf("the iLO was told %q", c)
		}
	}
}

func TestInput(t *testing.T) {
	d := (&lamp{}).device(Option{"pcmk_off_retries", "1"}, Option{"username", "u"}) // the first is Pacemaker's own
	want := "ip=192.0.2.1\nusername=u\naction=off\nnodename=n1\nplug=n1\n"
	if got := d.Input("off"); got != want || d.Input("off") != want {
		t.Error(got)
	}
}
