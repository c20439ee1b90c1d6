package complete

import _ "embed"

// The scripts hand the words to "oneha completion answer" and the answer to the shell.
var (
	//go:embed oneha.bash
	Bash string
	//go:embed oneha.zsh
	Zsh string
	//go:embed oneha.fish
	Fish string
)
