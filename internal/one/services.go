// Package one knows OpenNebula: its services, its XML-RPC answers and its
// configuration files. It knows nothing of clusters.
package one

// Service is one front-end service of OpenNebula.
type Service struct {
	Name  string // the word used in oneha.yaml and as resource type, e.g. "flow"
	Unit  string // systemd unit
	Short string // what it is, for metadata and tables
	Since string // first release that ships it, "" for all
	Until string // last release that ships it, "" for current
}

// Services is the table of the front-end services that a cluster may run, in
// the order in which documentation lists them. Releases are those of
// OpenNebula's own packaging (share/pkgs/services/systemd).
var Services = []Service{
	{Name: "oned", Unit: "opennebula.service", Short: "OpenNebula core daemon"},
	{Name: "sunstone", Unit: "opennebula-sunstone.service", Short: "Sunstone, the Ruby web interface", Until: "6.10"},
	{Name: "fireedge", Unit: "opennebula-fireedge.service", Short: "FireEdge, the web interface since 6.0", Since: "6.0"},
	{Name: "gate", Unit: "opennebula-gate.service", Short: "OneGate, data from virtual machines"},
	{Name: "flow", Unit: "opennebula-flow.service", Short: "OneFlow, multi-machine services"},
}

// ServiceNamed returns the service called name.
func ServiceNamed(name string) (Service, bool) {
	for _, s := range Services {
		if s.Name == name {
			return s, true
		}
	}
	return Service{}, false
}
