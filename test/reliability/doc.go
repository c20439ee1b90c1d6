// Package reliability has the script of make reliability, and its test.
package reliability
