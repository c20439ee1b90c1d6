package twin

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tools answers as the system's programs do.
func (s server) tools(answers map[string]string) Machine {
	m := s.machine()
	m.Run = func(_ context.Context, argv ...string) ([]byte, error) {
		out, ok := answers[argv[0]]
		if !ok {
			return nil, errors.New(argv[0] + " is not there")
		}
		if argv[0] == "dpkg-query" { // as it does when a pattern matches nothing
			return []byte(out), errors.New("dpkg-query failed with exit code 1")
		}
		return []byte(out), nil
	}
	return m
}

func TestPackagesAndUnits(t *testing.T) {
	units := "opennebula.service enabled  disabled\nopennebula-flow.service disabled\n\n"
	for name, test := range map[string]struct {
		database, program, out string
		want                   map[string]string
	}{
		"Debian": {"/var/lib/dpkg/status", "dpkg-query", "opennebula 6.10.0-1 installed\npcs 0.11 config-files\n", map[string]string{"opennebula": "6.10.0-1"}},
		"RHEL":   {"/usr/lib/sysimage/rpm/rpmdb.sqlite", "rpm", "opennebula 6.10.0-1.el9 installed\n", map[string]string{"opennebula": "6.10.0-1.el9"}},
		"RHEL 8": {"/var/lib/rpm/Packages", "rpm", "", map[string]string{}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, map[string]string{test.database: "", "/usr/share/zoneinfo/Europe/Madrid": "", "/etc/localtime": "->/usr/share/zoneinfo/Europe/Madrid"})
			got, err := s.tools(map[string]string{test.program: test.out, "systemctl": units}).Look(t.Context(), request(Raft))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got.Packages); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(map[string]string{"opennebula.service": "enabled", "opennebula-flow.service": "disabled"}, got.Units); diff != "" {
				t.Error(diff)
			}
			if got.Zone != "Europe/Madrid" || *got.Account != (Account{9869, 9869, "/var/lib/one"}) || len(got.Unknown) > 0 {
				t.Errorf("%+v", got)
			}
		})
	}
}

// What a server cannot say is no difference, and no sameness either.
func TestUnknown(t *testing.T) {
	s := newServer(t, nil)
	got, err := s.machine().Look(t.Context(), request(Raft))
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Unknown) != 2 || got.Zone != "UTC" {
		t.Errorf("%+v", got)
	}
	c := Compare("other", got, got, nil)
	if c.Same() || len(c.Differences) > 0 || len(c.Unknown) != 4 {
		t.Errorf("%+v", c)
	}
}

func TestPath(t *testing.T) {
	for path, text := range map[Path]string{
		"/etc/one/a b": "/etc/one/a b", "/a\nb": "/a%0Ab", "/a\xffb%": "/a%FFb%25", "/\x1b[31m": "/%1B[31m", "/ñ": "/ñ", "/\u202e": "/%E2%80%AE",
	} {
		if got := path.String(); got != text {
			t.Errorf("%q: %s, want %s", string(path), got, text)
		}
		var back Path
		if err := back.UnmarshalText([]byte(text)); err != nil || back != path {
			t.Errorf("%s: %q, %v", text, string(back), err)
		}
	}
	for _, wrong := range []string{"/a%", "/a%0", "/a%zz"} {
		if new(Path).UnmarshalText([]byte(wrong)) == nil {
			t.Errorf("%s was read", wrong)
		}
	}
}

func TestAdvice(t *testing.T) {
	units, reload := Advice([]Change{
		{Path: "/etc/one/oned.conf", Deed: Copy}, {Path: "/etc/one/fireedge/x.yaml", Deed: Copy}, {Path: "/etc/one/sunstone", Deed: Make},
		{Path: "/var/lib/one/remotes/hooks/x", Deed: Copy}, {Path: "/etc/systemd/system/opennebula.service.d/a.conf", Deed: Copy},
	})
	if !slices.Equal(units, []string{"opennebula", "opennebula-fireedge"}) || !reload {
		t.Errorf("%q, %v", units, reload)
	}
}

// Every place and every kept value says why, and the list has the places of its mode.
func TestTables(t *testing.T) {
	for _, p := range places {
		if !strings.HasPrefix(p.path, "/") || p.why == "" {
			t.Errorf("%+v", p)
		}
	}
	for _, k := range Kept {
		if k.Why == "" || k.Source == "" || formOf(k.File) == bytewise || !within(k.File, k.Mode) && k.Mode != "" {
			t.Errorf("%+v", k)
		}
	}
	if len(List(Raft)) >= len(List(Pacemaker)) {
		t.Error("with Pacemaker there is more to compare")
	}
}
