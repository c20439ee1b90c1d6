package main

import (
	"os"
	"strings"

	"github.com/oneha/oneha/internal/lint"
	"github.com/oneha/oneha/internal/nodefacts"
)

// scriptMachine is the machine that a script describes in the file machine: its name,
// and its interfaces with their addresses, one a line. Its files are those under root.
// Without such a file it is the zero value.
func scriptMachine(work string) (m nodefacts.Machine) {
	text, err := os.ReadFile(work + "/machine")
	if err != nil {
		return m
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	var interfaces []lint.Interface
	for _, line := range lines[1:] {
		words := strings.Fields(line)
		interfaces = append(interfaces, lint.Interface{Name: words[0], Up: true, Addresses: words[1:]})
	}
	return nodefacts.Machine{Root: work + "/root", Name: lines[0], Interfaces: func() ([]lint.Interface, error) { return interfaces, nil }}
}
