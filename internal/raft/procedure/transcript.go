package procedure

import (
	"fmt"
	"strings"
)

// Transcript is a dry run as a script that a person could follow.
func Transcript(steps []Planned) string {
	if len(steps) == 0 {
		return "# nothing is to be done\n"
	}
	var b strings.Builder
	for i, s := range steps {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "# %d. %s", i+1, s.Name)
		if s.Done {
			b.WriteString(": already so\n")
			continue
		}
		b.WriteByte('\n')
		if s.Careful != "" {
			fmt.Fprintf(&b, "# CAREFUL: %s\n", s.Careful)
		}
		for _, line := range s.Commands {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}
