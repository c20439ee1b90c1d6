// Package packages proves what `make packages` makes: which files with which modes,
// the same bytes twice, and what becomes of a Debian machine on which the packages
// are installed, upgraded, downgraded, removed and purged while the guard runs.
//
// The short part belongs to `make test`. `make installs` runs all of it: every
// release, both architectures, rpm, lintian, rpmlint, and a failover of a cluster
// whose nodes have the packages instead of a checkout.
package packages
