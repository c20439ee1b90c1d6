package target

// Capability is something that a program can from some release on, or until one.
type Capability int

// The capabilities on which a generated configuration depends.
const (
	// Pacemaker
	Schema3              Capability = iota // validate-with="pacemaker-3.0"
	PriorityFencingDelay                   // the property priority-fencing-delay
	ShutdownLock                           // the property shutdown-lock
	Critical                               // the meta attribute critical
	DelayMap                               // pcmk_delay_base with a value for each node
	DelayBesideTimeout                     // delays are not counted into fencing timeouts
	FencingNames                           // fencing-enabled and so on, beside stonith-enabled

	// corosync
	Knet         // the transport knet, with encryption and up to eight links
	Token3000    // a token timeout of 3000 ms unless another is given; 1000 ms before
	CheckConf    // corosync -t, which reads the configuration and ends
	EncryptedUDP // the transports udp and udpu with encryption

	// pcs
	HostAuth        // pcs host auth, and addresses at pcs cluster setup
	SetupToFile     // pcs cluster setup --corosync_conf
	NoClusterUUID   // pcs cluster setup --no-cluster-uuid
	DefaultsUpdate  // pcs resource defaults update NAME=VALUE
	DefaultsPlain   // pcs resource defaults NAME=VALUE
	ColocationScore // pcs constraint colocation add A with B score=SCORE
	LocationScore   // pcs constraint location add ID RESOURCE NODE score=SCORE, beside SCORE as a word
	GroupedOrderSet // pcs constraint order set with members of one group in one set
	Promotable      // pcs resource promotable; master before
	CloneMetaWord   // meta before the meta attributes of a clone
	ShowCommands    // pcs resource config --output-format=cmd
	AgentValidation // agents validate their options unasked

	// crmsh
	CrmPython3    // runs on Python 3
	CrmPromotable // promotable clones instead of ms
	CrmKnet       // crm cluster init writes corosync 3
)

// Tool names a program that a Target knows the version of.
type Tool string

const (
	Pacemaker Tool = "pacemaker"
	Corosync  Tool = "corosync"
	PCS       Tool = "pcs"
	Crmsh     Tool = "crmsh"
)

// Tools are all of them, in the order in which they are shown.
var Tools = []Tool{Pacemaker, Corosync, PCS, Crmsh}

// row says which versions have a capability: from since on, and before until where
// that is given.
type row struct {
	of           Capability
	name         string
	tool         Tool
	since, until Version
	source       string
}

var capabilities = []row{
	{of: Schema3, name: "schema pacemaker-3.0", tool: Pacemaker, since: Version{2, 0, 0}, source: "Pacemaker ChangeLog"},
	{of: PriorityFencingDelay, name: "priority-fencing-delay", tool: Pacemaker, since: Version{2, 0, 4}, source: "Pacemaker ChangeLog"},
	{of: ShutdownLock, name: "shutdown-lock", tool: Pacemaker, since: Version{2, 0, 4}, source: "Pacemaker ChangeLog"},
	{of: Critical, name: "critical", tool: Pacemaker, since: Version{2, 1, 0}, source: "Pacemaker ChangeLog"},
	{of: DelayMap, name: "pcmk_delay_base for each node", tool: Pacemaker, since: Version{2, 1, 2}, source: "Pacemaker ChangeLog"},
	{of: DelayBesideTimeout, name: "delays beside fencing timeouts", tool: Pacemaker, since: Version{2, 1, 6}, source: "Pacemaker ChangeLog"},
	{of: FencingNames, name: "properties fencing-*", tool: Pacemaker, since: Version{3, 0, 2}, source: "Pacemaker ChangeLog"},

	{of: Knet, name: "transport knet", tool: Corosync, since: Version{3, 0, 0}, source: "corosync.conf(5)"},
	{of: Token3000, name: "token of 3000 ms by default", tool: Corosync, since: Version{3, 1, 0}, source: "corosync.conf(5)"},
	{of: CheckConf, name: "corosync -t", tool: Corosync, since: Version{2, 4, 0}, source: "corosync(8); run with 3.1.2 to 3.1.9"},
	{of: EncryptedUDP, name: "encrypted udp and udpu", tool: Corosync, since: Version{2, 0, 0}, until: Version{3, 0, 0}, source: "corosync.conf(5): in 3 only knet encrypts"},

	{of: HostAuth, name: "pcs host auth", tool: PCS, since: Version{0, 10, 1}, source: "pcs CHANGELOG"},
	{of: SetupToFile, name: "pcs cluster setup --corosync_conf", tool: PCS, since: Version{0, 10, 6}, source: "pcs CHANGELOG; run with 0.10.8 to 0.12.0.2"},
	{of: NoClusterUUID, name: "pcs cluster setup --no-cluster-uuid", tool: PCS, since: Version{0, 11, 2}, source: "pcs CHANGELOG; 0.10.8 has it not, 0.11.5 has"},
	{of: DefaultsUpdate, name: "pcs resource defaults update", tool: PCS, since: Version{0, 10, 7}, source: "pcs CHANGELOG; run with 0.10.8 to 0.12.0.2"},
	{of: DefaultsPlain, name: "pcs resource defaults NAME=VALUE", tool: PCS, since: Version{0, 9, 0}, until: Version{0, 12, 0}, source: "pcs CHANGELOG"},
	{of: ColocationScore, name: "pcs constraint colocation add with score=", tool: PCS, since: Version{0, 10, 8}, source: "run with 0.10.8 to 0.12.0.2; older ones not tried"},
	{of: LocationScore, name: "pcs constraint location add with score=", tool: PCS, since: Version{0, 12, 0}, source: "run with 0.12.0.2; 0.10.8 and 0.11.5 refuse it"},
	{of: GroupedOrderSet, name: "an order set with several members of one group", tool: PCS, since: Version{0, 9, 0}, until: Version{0, 11, 0}, source: "run with 0.10.8; 0.11.5 and 0.12.0.2 refuse it"},
	{of: Promotable, name: "pcs resource promotable", tool: PCS, since: Version{0, 10, 1}, source: "pcs CHANGELOG"},
	{of: CloneMetaWord, name: "pcs resource clone with meta", tool: PCS, since: Version{0, 11, 6}, source: "pcs CHANGELOG"},
	{of: ShowCommands, name: "pcs resource config --output-format=cmd", tool: PCS, since: Version{0, 11, 3}, source: "pcs CHANGELOG"},
	{of: AgentValidation, name: "validation by agents unasked", tool: PCS, since: Version{0, 12, 0}, source: "pcs CHANGELOG; seen with 0.12.0.2"},

	{of: CrmPython3, name: "Python 3", tool: Crmsh, since: Version{4, 0, 0}, source: "crmsh ChangeLog"},
	{of: CrmPromotable, name: "promotable clones", tool: Crmsh, since: Version{4, 4, 0}, source: "crmsh ChangeLog"},
	{of: CrmKnet, name: "crm cluster init for corosync 3", tool: Crmsh, since: Version{5, 0, 0}, source: "crmsh ChangeLog"},
}

// String is what the capability is called in messages.
func (c Capability) String() string { return c.row().name }

// Tool is the program that has the capability.
func (c Capability) Tool() Tool { return c.row().tool }

// Since is the first version that has it.
func (c Capability) Since() Version { return c.row().since }

// Source says where that is known from.
func (c Capability) Source() string { return c.row().source }

func (c Capability) row() row {
	for _, r := range capabilities {
		if r.of == c {
			return r
		}
	}
	return row{name: "nothing known"}
}

// Can reports whether every version that the target may have has the capability. It
// is false for a program that is not there.
func (t Target) Can(c Capability) bool {
	r := c.row()
	versions := t.Version(r.tool)
	return versions.From(r.since) && (r.until == (Version{}) || versions.Until(r.until))
}

// Lacks reports whether no version that the target may have has the capability. Where
// the versions differ, a target neither Can nor Lacks.
func (t Target) Lacks(c Capability) bool {
	r := c.row()
	versions := t.Version(r.tool)
	return !versions.Known() || versions.Until(r.since) || r.until != (Version{}) && versions.From(r.until)
}
