package zoneconf

import "github.com/oneha/oneha/packaging"

// Sudoers is the text of SudoersFile, the same on every server: oned, which runs as
// oneadmin, may call the hooks as root, and nothing else.
var Sudoers = packaging.RaftSudoers
