package one

import (
	"strings"
	"testing"
)

func TestServicesTable(t *testing.T) {
	names := "oned sunstone fireedge gate flow hem scheduler novnc guacd form ks showback"
	var got []string
	for _, s := range Services {
		got = append(got, s.Name)
		if !strings.HasPrefix(s.Unit, "opennebula") || s.Short == "" {
			t.Errorf("row %+v", s)
		}
		if (s.asked == asHTTP || s.asked == asFlow || s.asked == asGuacamole || s.asked == asOned) != (s.Port != 0) {
			t.Errorf("%s: a service is asked at a port if it has one", s.Name)
		}
		if (s.Config == "") != (s.written == noFile) {
			t.Errorf("%s: configuration file %q", s.Name, s.Config)
		}
		if found, ok := ServiceNamed(s.Name); !ok || found.Unit != s.Unit {
			t.Errorf("ServiceNamed(%s) = %+v", s.Name, found)
		}
	}
	if strings.Join(got, " ") != names {
		t.Errorf("services %s, want %s", got, names)
	}
	if _, ok := ServiceNamed("econe"); ok {
		t.Error("a service that no supported release ships")
	}
}

// The units that each release ships, as its packaging has them.
func TestShippedIn(t *testing.T) {
	for release, want := range map[string]string{
		"5.4":      "oned sunstone gate flow scheduler novnc",
		"5.10":     "oned sunstone gate flow hem scheduler novnc",
		"5.12.0.4": "oned sunstone gate flow hem scheduler novnc showback",
		"6.0":      "oned sunstone fireedge gate flow hem scheduler novnc guacd showback",
		"6.10":     "oned sunstone fireedge gate flow hem scheduler novnc guacd showback",
		"6.10.5":   "oned sunstone fireedge gate flow hem scheduler novnc guacd showback",
		"7.0":      "oned fireedge gate flow hem guacd showback",
		"7.2":      "oned fireedge gate flow hem guacd form showback",
		"7.4":      "oned fireedge gate flow hem guacd form ks showback",
		"10.0":     "oned fireedge gate flow hem guacd form ks showback",
		"":         "oned sunstone fireedge gate flow hem scheduler novnc guacd form ks showback",
		"latest":   "oned sunstone fireedge gate flow hem scheduler novnc guacd form ks showback",
	} {
		var got []string
		for _, s := range Services {
			if s.ShippedIn(release) {
				got = append(got, s.Name)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("release %s ships %s, want %s", release, got, want)
		}
	}
}

// What may run on every node is no companion, and what no table row is about is told too.
func TestCompanions(t *testing.T) {
	var got []string
	for _, s := range Services {
		got = append(got, s.Companions()...)
	}
	want := "opennebula-hem.service opennebula-scheduler.service opennebula-showback.timer opennebula-novnc.service opennebula-guacd.service"
	if strings.Join(got, " ") != want {
		t.Errorf("%q, want %q", got, want)
	}
}
