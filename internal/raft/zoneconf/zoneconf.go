// Package zoneconf says what the configuration of a server of a Raft zone has to be,
// and edits the files that are there so that it is.
//
// It is pure: the description of a zone, one of its servers and the text of a file in,
// the new text and findings out. Nothing outside the edits changes by a byte (package
// confedit), and editing twice is editing once. A file that its service would refuse is
// not edited; the finding says where.
package zoneconf

import (
	"fmt"

	"github.com/oneha/oneha/internal/confedit"
	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/spec"
)

// The files that a server of a zone has of its own, or that have to fit the zone.
const (
	OnedConf     = "/etc/one/oned.conf"
	MonitordConf = "/etc/one/monitord.conf" // since 5.12
	FlowConf     = "/etc/one/oneflow-server.conf"
	GateConf     = "/etc/one/onegate-server.conf"
	FormConf     = "/etc/one/oneform-server.conf"  // since 7.2
	KSConf       = "/etc/one/oneks-server.conf"    // since 7.4
	FireedgeConf = "/etc/one/fireedge-server.conf" // since 6.0
	SudoersFile  = "/etc/sudoers.d/oneha-raft"
)

// Files are the files that Edits knows, in the order in which they are edited. One
// that a server does not have belongs to what is not installed and is left out.
var Files = []string{OnedConf, MonitordConf, FlowConf, GateConf, FormConf, KSConf, FireedgeConf}

// Edited is a file as it should be.
type Edited struct {
	Text  []byte          // what is to be written; the text as it was when Edits is empty
	Edits []confedit.Edit // what that amounts to, for people; never a secret
}

// Edits makes a file of Files what a server of the zone has to have. With an error among
// the findings Text is the text as it was.
func Edits(z *spec.Zone, server spec.ZoneServer, file string, text []byte) (Edited, diag.Findings) {
	switch file {
	case OnedConf:
		return editOned(file, text, func(f *confedit.File) diag.Findings { return member(f, z, server) })
	case MonitordConf:
		return editOned(file, text, func(f *confedit.File) diag.Findings { return monitor(f, z) })
	}
	for _, l := range listeners {
		if l.file == file {
			return l.edit(text)
		}
	}
	return Edited{Text: text}, diag.Findings{{File: file, Severity: diag.Error, What: "no file of a Raft zone", Fix: fmt.Sprintf("edit one of %v", Files)}}
}

// Solo makes OnedConf what an oned has before it joins a zone and after it left: no
// server of any, SERVER_ID -1 and no hooks. The other files stay as they are.
func Solo(z *spec.Zone, file string, text []byte) (Edited, diag.Findings) {
	if file != OnedConf {
		return Edited{Text: text}, nil
	}
	return editOned(file, text, func(f *confedit.File) diag.Findings { return alone(f, z) })
}
