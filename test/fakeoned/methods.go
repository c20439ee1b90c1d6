package fakeoned

import (
	_ "embed"
	"encoding/xml"
	"strings"
)

// solo is the Raft state of a oned that is in no zone of several servers.
const solo = "<RAFT><SERVER_ID>-1</SERVER_ID><STATE>0</STATE><TERM>0</TERM><VOTEDFOR>-1</VOTEDFOR><COMMIT>0</COMMIT>" +
	"<LOG_INDEX>-1</LOG_INDEX><LOG_TERM>-1</LOG_TERM><FEDLOG_INDEX>-1</FEDLOG_INDEX></RAFT>"

// vmPool are virtual machines as one.vmpool.info of a captured oned showed them:
// one runs, some wait for ever for the answer to an operation (PROLOG, BOOT,
// SAVE_SUSPEND, SHUTDOWN, EPILOG), some have failed. Their times, and nothing
// else, were moved a year back, into the past of any machine's clock.
//
//go:embed data/vm_pool.xml
var vmPool string

// vmPoolExtended is the same with the history's times, as one.vm.info shows it.
// Number 4 was captured; the others are made from it.
//
//go:embed data/vm_pool_extended.xml
var vmPoolExtended string

// zone is the zone of a oned that is alone, captured.
//
//go:embed data/zone.xml
var zone string

// host0 is a monitored host, captured; the second is made from it.
//
//go:embed data/host_0.xml
var host0 string

var host1 = strings.NewReplacer("<ID>0</ID>", "<ID>1</ID>", "h0", "h1").Replace(host0)

// user is oneadmin, as OpenNebula's schemas describe it (share/doc/xsd/user.xsd);
// it was not captured.
const user = "<USER><ID>0</ID><GID>0</GID><GROUPS><ID>0</ID></GROUPS><GNAME>oneadmin</GNAME><NAME>oneadmin</NAME><PASSWORD></PASSWORD>" +
	"<AUTH_DRIVER><![CDATA[core]]></AUTH_DRIVER><ENABLED>1</ENABLED><TEMPLATE></TEMPLATE></USER>"

// methods are what the fake knows: how many integers oned wants after the
// session, and the text that it answers, or the kind of object that is missing.
var methods = map[string]struct {
	integers int
	text     func(args []int) (text, missing string)
}{
	"one.system.version":           {0, always(Version)},
	"one.zone.raftstatus":          {0, always(solo)},
	"one.zonepool.info":            {0, always("<ZONE_POOL>" + zone + "</ZONE_POOL>")},
	"one.zone.info":                {1, object("zone", map[int]string{0: zone})},
	"one.userpool.info":            {0, always("<USER_POOL>" + user + "<DEFAULT_USER_QUOTAS></DEFAULT_USER_QUOTAS></USER_POOL>")},
	"one.user.info":                {1, object("user", map[int]string{0: user, -1: user})}, // -1: who asks
	"one.hostpool.info":            {0, always("<HOST_POOL>" + host1 + host0 + "</HOST_POOL>")},
	"one.host.info":                {1, object("host", map[int]string{0: host0, 1: host1})},
	"one.imagepool.info":           {3, always("<IMAGE_POOL></IMAGE_POOL>")},
	"one.vmpool.info":              {4, pool(vmPool)},
	"one.vmpool.infoextended":      {4, pool(vmPoolExtended)},
	"one.vm.info":                  {1, object("virtual machine", machines(vmPoolExtended))},
	"one.vmpool.calculateshowback": {4, func([]int) (string, string) { return "", "" }},
}

func always(text string) func([]int) (string, string) {
	return func([]int) (string, string) { return text, "" }
}

func object(kind string, objects map[int]string) func([]int) (string, string) {
	return func(args []int) (string, string) {
		if text, known := objects[args[0]]; known {
			return text, ""
		}
		return "", kind
	}
}

// vm is what the fake looks at in a virtual machine.
type vm struct {
	ID    int    `xml:"ID"`
	State int    `xml:"STATE"`
	Inner string `xml:",innerxml"`
}

// parsePool reads a pool's virtual machines in their order.
func parsePool(text string) []vm {
	var p struct {
		VMs []vm `xml:"VM"`
	}
	if err := xml.Unmarshal([]byte(text), &p); err != nil {
		panic("embedded pool: " + err.Error())
	}
	return p.VMs
}

func machines(text string) map[int]string {
	found := map[int]string{}
	for _, m := range parsePool(text) {
		found[m.ID] = "<VM>" + m.Inner + "</VM>"
	}
	return found
}

// pool answers with those virtual machines that the parameters ask for: whose
// they are (everything is oneadmin's), the first and the last ID (-1: all; paging
// is not understood), and the state (-2: any, -1: any but DONE).
func pool(text string) func([]int) (string, string) {
	all := parsePool(text)
	const done = 6
	return func(args []int) (string, string) {
		first, last, state := args[1], args[2], args[3]
		var b strings.Builder
		for _, m := range all {
			inRange := first < 0 || m.ID >= first && (last < 0 || m.ID <= last)
			inState := state == -2 || state == -1 && m.State != done || state == m.State
			if inRange && inState {
				b.WriteString("<VM>" + m.Inner + "</VM>")
			}
		}
		return "<VM_POOL>" + b.String() + "</VM_POOL>", ""
	}
}
