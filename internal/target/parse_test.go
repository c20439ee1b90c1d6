package target

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestVersion(t *testing.T) {
	for _, tt := range []struct {
		text, want string
		parts      int
	}{
		{"2.1.5-8.el9-a3f44794f94", "2.1.5", 3}, {"0.12.0.2", "0.12.0.2", 4}, {"3", "3.0.0", 1}, {"5.0.0~rc1", "5.0.0", 3}, {"", "0.0.0", 0}, {"x1", "0.0.0", 0}, {"1.2.3.4.5", "1.2.3.4", 4},
	} {
		if v, parts := ParseVersion(tt.text); v.String() != tt.want || parts != tt.parts {
			t.Errorf("ParseVersion(%q) = %s, %d", tt.text, v, parts)
		}
	}
	if !(Version{2, 1, 5}).Before(Version{2, 1, 10}) || (Version{2, 1}).Before(Version{2, 1}) {
		t.Error("Before compares texts")
	}
}

func TestRange(t *testing.T) {
	for _, tt := range []struct{ text, in, out string }{
		{"0.10", "0.10.18", "0.11"}, {"2.1.5", "2.1.5.1", "2.1.6"}, {"5", "5.9", "6"}, {"2.0.5..3.0", "3.0.2", "3.1"}, {"2.0.5..3.0", "2.1", "2.0.4"},
	} {
		r, ok := ParseRange(tt.text)
		in, _ := ParseRange(tt.in)
		out, _ := ParseRange(tt.out)
		if !ok || !r.meets(in) || r.meets(out) || r.String() != tt.text {
			t.Errorf("ParseRange(%q) = %v, %v", tt.text, r, ok)
		}
	}
	for _, bad := range []string{"", "x", "0", "0.0.0", "1.", "1..", "..1", "2..1", "1.2.3.4.5", "1,2", "-1", "1.2..1.1.9"} {
		if r, ok := ParseRange(bad); ok {
			t.Errorf("ParseRange(%q) = %v", bad, r)
		}
	}
	if (Range{}).String() != "none" || (Range{}).From(Version{}) || (Range{}).Until(Version{9}) {
		t.Error("no program has versions")
	}
}

func TestParse(t *testing.T) {
	for _, tt := range []struct{ text, pacemaker, corosync, pcs, crmsh string }{
		{"", "2.0.5..3.0", "3.1", "0.10.8..0.12", "4.0.0..5"},
		{"portable", "2.0.5..3.0", "3.1", "0.10.8..0.12", "4.0.0..5"},
		{"debian-12", "2.1.5", "3.1.7", "0.11.5", "4.4.0..4.4.1"},
		{"CentOS-7", "1.1.18..1.1.23", "2.4.3..2.4.5", "0.9.162..0.9.169", "none"},
		{"opensuse-leap-15", "2.0.5..2.1.10", "2.4.5..2.4.6", "none", "4.3.0..5.0.0"},
		{"pcs=0.10,pacemaker=2.0.5", "2.0.5", "3.1.2", "0.10", "4.2.0"},
		{"pcs=0.9", "1.1.18..1.1.23", "2.4.3..2.4.5", "0.9", "3.0.1"},
		{"pcs=0.99", "2.0.5..3.0", "3.1", "0.99", "4.0.0..5"}, // of no release
		{"debian-12, pacemaker=2.1.8", "2.1.8", "3.1.7", "0.11.5", "4.4.0..4.4.1"},
		{"portable,crmsh=5", "2.0.5..3.0", "3.1", "0.10.8..0.12", "5"},
	} {
		got, err := Parse(tt.text)
		if err != nil {
			t.Errorf("%q: %v", tt.text, err)
			continue
		}
		for tool, want := range map[Tool]string{Pacemaker: tt.pacemaker, Corosync: tt.corosync, PCS: tt.pcs, Crmsh: tt.crmsh} {
			if v := got.Version(tool).String(); v != want {
				t.Errorf("%q: %s %s, want %s", tt.text, tool, v, want)
			}
		}
		again, err := Parse(got.String())
		if diff := cmp.Diff(got, again); err != nil || diff != "" {
			t.Errorf("%q is written as %q, which is read as: %v\n%s", tt.text, got, err, diff)
		}
	}
	for text, want := range map[string]string{
		"debian-9":               `unknown target "debian-9": use portable, debian-10, `,
		"pcs=0.10,debian-12":     "does not come first",
		"debian-12,rhel-9":       "does not come first",
		"heartbeat=3":            `unknown program "heartbeat"`,
		"pcs=new":                `"new" is no version of pcs: write it as in pcs=2.1.5`,
		"pcs=":                   `"" is no version`,
		"pcs=0.11,pcs=0.12":      "pcs is given twice",
		strings.Repeat("x", 500): `"` + strings.Repeat("x", 40) + `..."`,
	} {
		if _, err := Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %s", text, err, want)
		}
	}
	for _, r := range Releases {
		if got, err := Parse(r.Name); err != nil || got.String() != r.Name || got.Title() != r.Title {
			t.Errorf("%s: %s, %q, %v", r.Name, got, got.Title(), err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"", "portable", "debian-12", "pcs=0.10,pacemaker=2.0.5", "rhel-7,pcs=0.9.169", "pacemaker=2.0.5..3.0", "=,=", "pcs=0.10..0.9"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := Parse(s)
		if err != nil {
			return
		}
		for c := range CrmKnet + 1 {
			got.Can(c)
		}
		if again, err := Parse(got.String()); err != nil || again.Pacemaker != got.Pacemaker {
			t.Errorf("%q is written as %q, which is read as %v, %v", s, got, again, err)
		}
	})
}
