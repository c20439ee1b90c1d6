package compare

import (
	"maps"
	"slices"
	"sync"
)

// pair is what the two agents did with the same.
type pair struct{ Stock, Ours string }

func (p pair) differs() bool { return p.Stock != p.Ours }

// The tables.
const (
	settingsTable   = "settings"
	situationsTable = "situations"
	reasonsTable    = "reasons"
	programsTable   = "programs"
	ocftTable       = "ocft"
)

// outcome is the only column of a table that has one.
const outcome = "outcome"

// results are the cells of the tables: table, row, column.
type results map[string]map[string]map[string]pair

// collected gathers results from parallel tests.
type collected struct {
	mu sync.Mutex
	results
}

// put stores what one agent did.
func (c *collected) put(table, row, column string, who side, text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.results[table] == nil {
		c.results[table] = map[string]map[string]pair{}
	}
	if c.results[table][row] == nil {
		c.results[table][row] = map[string]pair{}
	}
	p := c.results[table][row][column]
	if who == stock {
		p.Stock = text
	} else {
		p.Ours = text
	}
	c.results[table][row][column] = p
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
