package target

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/fstest"
)

// machine answers as the programs of a release do; what it lacks cannot be run.
func machine(versions map[string]string) Runner {
	return func(_ context.Context, name string, args ...string) ([]byte, error) {
		out, ok := versions[name]
		if !ok || len(args) != 1 {
			return nil, errors.New("not found")
		}
		return []byte(out), nil
	}
}

func TestDetect(t *testing.T) {
	none := machine(nil)
	// As printed by the programs of Debian 12 and 13.
	bookworm := machine(map[string]string{
		"pacemakerd": "Pacemaker 2.1.5\nWritten by Andrew Beekhof\n", "corosync": "Corosync Cluster Engine, version '3.1.7'\nCopyright (c) 2006-2021 Red Hat, Inc.\n",
		"pcs": "0.11.5\n", "crm": "crm 4.4.0\n",
	})
	newer := machine(map[string]string{"pacemakerd": "Pacemaker 3.0.2\n", "pcs": "0.12.3\n", "corosync": "no version 3 here"})
	for _, tt := range []struct {
		name, os string
		run      Runner
		want     string
	}{
		{"Debian by its name", "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID=\"12\"\nID=debian\n", nil, "debian-12"},
		{"Debian with its programs", "ID=debian\nVERSION_ID=\"12\"\n", bookworm, "debian-12,crmsh=4.4.0"},
		{"Debian with backports", "ID=debian\nVERSION_ID=\"12\"\n", newer, "debian-12,pacemaker=3.0.2,pcs=0.12.3"},
		{"Ubuntu", "ID=ubuntu\nID_LIKE=debian\nVERSION_ID=\"24.04\"\n", none, "ubuntu-24.04"},
		{"AlmaLinux", "ID=\"almalinux\"\nID_LIKE=\"rhel centos fedora\"\nVERSION_ID=\"9.4\"\n", none, "rhel-9"},
		{"another of its kind", "ID=\"eurolinux\"\nID_LIKE=\"rhel fedora\"\nVERSION_ID=\"8.10\"\n", none, "rhel-8"},
		{"CentOS", "ID=\"centos\"\nID_LIKE=\"rhel fedora\"\nVERSION_ID=\"7\"\n", none, "rhel-7"},
		{"SLES", "ID=\"sles\"\nID_LIKE=\"suse\"\nVERSION_ID=\"15.6\"\n", none, "sles-15"},
		{"Leap", "ID=\"opensuse-leap\"\nID_LIKE=\"suse opensuse\"\nVERSION_ID=\"16.0\"\n", none, "sles-16"},
		{"only programs", "ID=gentoo\n", bookworm, "pacemaker=2.1.5,corosync=3.1.7,pcs=0.11.5,crmsh=4.4.0"},
	} {
		root := fstest.MapFS{"etc/os-release": {Data: []byte(tt.os)}}
		got, err := Detect(t.Context(), root, tt.run)
		if err != nil || got.String() != tt.want {
			t.Errorf("%s: %s, %v, want %s", tt.name, got, err, tt.want)
		}
	}
	for name, root := range map[string]fstest.MapFS{
		"no os-release": {}, "a rolling one": {"etc/os-release": {Data: []byte("ID=arch\n")}}, "one to come": {"usr/lib/os-release": {Data: []byte("ID=debian\nVERSION_ID=99\n")}},
	} {
		if got, err := Detect(t.Context(), root, none); err == nil || !strings.Contains(err.Error(), "name one of debian-10, ") {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
	got, err := Detect(t.Context(), fstest.MapFS{"usr/lib/os-release": {Data: []byte("ID=debian\nVERSION_ID=13\n")}}, nil)
	if err != nil || got.Release != "debian-13" {
		t.Errorf("usr/lib/os-release: %s, %v", got, err)
	}
}

func FuzzRelease(f *testing.F) {
	f.Add([]byte("ID=debian\nVERSION_ID=\"12\"\n"))
	f.Add([]byte("ID='sles'\nID_LIKE=\"suse opensuse\"\nVERSION_ID=15.6"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if r, ok := parseRelease(text); ok && r.Name == "" {
			t.Error("a release without a name")
		}
	})
}
