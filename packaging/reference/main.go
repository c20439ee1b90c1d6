// Command reference writes docs/reference: the rules of oneha check, the keys of the
// files that people write, the agents and the commands, as tables to look things up in,
// made from what the programs themselves go by.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/oneha/oneha/internal/commands"
)

func main() {
	dir := flag.String("dir", "", "write the pages into this directory")
	tree := flag.String("commands", "", "the file with what oneha reference printed")
	flag.Parse()
	if *dir == "" || *tree == "" || flag.NArg() != 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := write(*dir, *tree); err != nil {
		fmt.Fprintln(os.Stderr, "reference:", err)
		os.Exit(1)
	}
}

func write(dir, tree string) error {
	data, err := os.ReadFile(tree)
	if err != nil {
		return err
	}
	var top commands.Command
	if err := json.Unmarshal(data, &top); err != nil {
		return fmt.Errorf("%s is not what oneha reference prints: %w", tree, err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, page := range pages(top) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(page), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// pages are the texts of all pages by the name of their files.
func pages(top commands.Command) map[string]string {
	return map[string]string{
		"commands.md":    commandsPage(top),
		"check-rules.md": rulesPage(),
		"description.md": descriptionPage(),
		"host-error.md":  settingsPage(),
		"agents.md":      agentsPage(),
	}
}
