package preview

import (
	"slices"
	"strings"
)

// split and join go between a list of nodes and its form in an Outcome.
func split(nodes string) []string {
	if nodes == "" {
		return nil
	}
	return strings.Split(nodes, ",")
}

func join(nodes []string) string { return strings.Join(unique(nodes), ",") }

// unique sorts names, each once.
func unique(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}

// and joins names as a sentence does.
func and(names []string) string { return series(names, "and") }

func or(names []string) string { return series(names, "or") }

func series(names []string, last string) string {
	if n := len(names); n > 1 {
		return strings.Join(names[:n-1], ", ") + " " + last + " " + names[n-1]
	}
	return strings.Join(names, "")
}

// verb is "starts" for one and "start" for several.
func verb(n int, stem string) string {
	if n == 1 {
		return stem + "s"
	}
	return stem
}

// are is "is" for one and "are" for several.
func are(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}
