// Package version is the one place that knows which release this is.
package version

// version is set at build time:
//
//	go build -ldflags "-X github.com/oneha/oneha/internal/version.version=1.2.3"
var version = "devel"

// commit is set in the same way.
var commit string

// String returns the release, "devel" for a build without one.
func String() string { return version }

// Commit returns the commit that was built, in full, "" when it is not known.
func Commit() string { return commit }
