package zoneconf

import (
	"fmt"
	"strings"

	"github.com/oneha/oneha/internal/confedit"
	"github.com/oneha/oneha/internal/spec"
)

// Snippets are, by file of Files, what the file of a server has to say, for people who
// edit it themselves. A file that may stay as it is has none.
func Snippets(z *spec.Zone, server spec.ZoneServer) map[string][]byte {
	all := map[string][]byte{OnedConf: onedSnippet(z, server)}
	if len(z.VIPs) > 0 {
		all[MonitordConf] = []byte(head(MonitordConf, "In NETWORK, beside what else is there: the hosts report to the floating IP.") +
			"NETWORK = [\n    MONITOR_ADDRESS = \"" + z.VIPs[0].Address.Addr().String() + "\"\n]\n")
	}
	return all
}

func onedSnippet(z *spec.Zone, server spec.ZoneServer) []byte {
	f, _ := confedit.Parse(OnedConf, nil)
	findings := member(f, z, server)
	text := strings.TrimLeft(string(f.Bytes()), "\n")
	if findings.HasErrors() { // any zone but 0 is one of a federation
		text = strings.Replace(text, standalone, "SLAVE", 1)
	}
	about := fmt.Sprintf("These take the place of the attributes of their names, for server %s.", server.Name)
	if len(z.VIPs) == 0 {
		about += " There is no floating IP:\n# remove " + leaderHook + " and " + followerHook + "."
	}
	return []byte(head(OnedConf, about) + text)
}

func head(file, about string) string {
	return "# For " + file + ": " + about + "\n"
}
