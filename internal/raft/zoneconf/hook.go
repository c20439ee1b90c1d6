package zoneconf

import (
	"strings"

	"github.com/oneha/oneha/internal/spec"
)

// The hooks of oned: sudo, because oned runs as oneadmin, and the words for it. oned
// splits ARGUMENTS at white space and knows no quotes.
const (
	HookCommand = "/usr/bin/sudo"
	Program     = "/usr/bin/oneha"
	Leader      = "leader"
	Follower    = "follower"
)

// HookArguments is the value of ARGUMENTS in the hook for a role, Leader or Follower.
func HookArguments(z *spec.Zone, role string) string {
	return strings.Join(append([]string{"-n"}, HookWords(z, role)...), " ")
}

// HookWords is the command that sudo runs for the hook of a role.
func HookWords(z *spec.Zone, role string) []string {
	words := []string{Program, "raft", "hook", role}
	for _, v := range z.VIPs {
		words = append(words, v.NIC, v.Address.String())
	}
	return words
}
