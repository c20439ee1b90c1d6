// Package packaging has the files of the packages that the program itself shows or
// installs too.
package packaging

import _ "embed"

// RaftSudoers lets oned call its Raft hooks as root: /etc/sudoers.d/oneha-raft.
//
//go:embed sudoers/oneha-raft
var RaftSudoers string
