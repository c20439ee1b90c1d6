package ocf

import "slices"

// AllActions returns what the agent can be called with: the declared actions, those
// on request too, and meta-data and validate-all, which Run answers itself, with the
// timeouts that metadata advises.
func (a Agent) AllActions() []Action {
	return append(slices.Clip(a.Actions), Agent{}.listed()...)
}
