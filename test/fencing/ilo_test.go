package fencing

import (
	"slices"
	"strings"
	"testing"
)

// ourILO is the agent for iLO over Redfish. Beside it runs fence_redfish, which is
// told where an iLO has its system: fence_ilo, whose options ours takes too, speaks
// RIBCL, which no iLO is left to speak that ours is for.
const ourILO = "fence_bmc_ilo"

// TestInsideILO is the part that runs in a disposable machine.
func TestInsideILO(t *testing.T) {
	file := resultsFile(t)
	rows := iloRows()
	everyForm(t, stockRedfish, rows)
	everyForm(t, "fence_ilo", asOurs(rows))
	place := newRedfishPlace(t)
	tryAll(t, file, stockRedfish, ourILO, rows, func(*testing.T, int) func(*testing.T, string, redfishRow) outcome { return place.try })
}

// iloRows are all rows: those of fence_bmc_redfish, and the options of fence_ilo,
// which only ours gets. They have no effect, so the other agent does the same
// without them.
func iloRows() []redfishRow {
	all := redfishRows()
	for _, form := range slices.Concat(
		valued("2.0", "ribcl_version", "ribcl", "ribcl-version", "--ribcl-version", "-r"),
		switched("notls", "--notls", "-t"),
		switched("tls1.0", "--tls1.0"),
	) {
		r := redfishRow{name: "of fence_ilo by " + form, beside: map[string]string{ourILO: form}}
		if strings.HasPrefix(form, "-") {
			r.args = asFlags(append(slices.Clone(redfishUsual), "action=off"))
		} else {
			r.stdin = redfishLines("action=off")
		}
		all = append(all, r)
	}
	for i := range all {
		r := &all[i]
		if r.call().gives("systems_uri=") || r.call().gives("systems-uri=") || r.call().gives("--systems-uri") {
			continue
		}
		where := "systems_uri=/redfish/v1/Systems/1"
		if len(r.args) > 0 {
			where = "--systems-uri=/redfish/v1/Systems/1"
		}
		if r.beside == nil {
			r.beside = map[string]string{}
		}
		r.beside[stockRedfish] = where
	}
	return all
}

// asOurs are the rows as our agent gets them.
func asOurs(rows []redfishRow) []ourRow {
	var all []ourRow
	for _, r := range rows {
		all = append(all, ourRow{r})
	}
	return all
}

type ourRow struct{ redfishRow }

func (r ourRow) call() call { return r.callOf(ourILO) }

// The service root is for everybody (DMTF DSP0266), so asking for it is no login.
const rootFirst = "the service root is asked for before the system"

// iloOnly are the differences of fence_bmc_ilo alone, each with its reason.
var iloOnly = []deliberate{
	{"plug, which is no node by -*", "exit stdout stderr login", "accepted and unused, as on standard input"},
	{"breaks the connection", "login", rootFirst},
	{"not HTTP", "login", rootFirst},
	{"500 once", "login", askedAgain},
	{"redfish_uri of nothing by *", "exit stdout", "fence_redfish does not look at it beside systems_uri; " + notServed},
}
