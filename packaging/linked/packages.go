package linked

// Package is one of ours.
type Package struct {
	Name    string
	Command string // that it holds, as go list knows it; "" for none
	Binary  string // file of the command in a build
	Path    string // of that file where the package is installed
}

// Packages are ours, in the order of the guides.
var Packages = []Package{
	{"oneha", "./cmd/oneha", "oneha", "/usr/bin/oneha"},
	{"resource-agents-opennebula", "./cmd/ocf-opennebula", "ocf-opennebula", "/usr/lib/oneha/ocf-opennebula"},
	{"fence-agents-bmc", "./cmd/fence-bmc", "fence-bmc", "/usr/lib/oneha/fence-bmc"},
	{Name: "oneha-raft"},
}

// tags are those of every build.
const tags = "urfave_cli_no_docs"

// Own is our own licence.
const Own = "Apache-2.0"
