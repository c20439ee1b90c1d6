// Package shown holds what pcs and crm of three Debian releases print about the
// examples and about configurations that these tools wrote themselves (foreign/), and
// tests that the readers of such texts find in them what the CIB says.
package shown
