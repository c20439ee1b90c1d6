package procedure

import (
	"context"
	"fmt"
)

// Abandoned is a server on which a procedure is given up.
type Abandoned struct {
	Server string `json:"server"`
	Record bool   `json:"record"`          // it had the record of the procedure
	Half   bool   `json:"half,omitempty"`  // its database is not whole, and systemd does not start its oned
	Error  string `json:"error,omitempty"` // it could not be asked
}

// Abandon gives up what is under way: records and dumps are removed. What was done
// stays done; a database that is not whole keeps its marker.
func Abandon(ctx context.Context, env Env) (what Record, all []Abandoned, err error) {
	servers := []at{}
	if env.Here == "" {
		here := at{host: env.Local}
		here.Name = "this machine"
		servers = append(servers, here)
	}
	for _, s := range env.Zone.Servers {
		servers = append(servers, env.at(s))
	}
	reached := false
	for _, s := range servers {
		a := Abandoned{Server: s.Name}
		r, err := s.giveUp(ctx, &a)
		if err != nil {
			a.Error = err.Error()
		} else {
			reached = true
		}
		if r.Procedure != "" {
			what = r
		}
		all = append(all, a)
	}
	if !reached {
		return what, all, fmt.Errorf("no server could be asked: %s", all[0].Error)
	}
	return what, all, nil
}

func (a at) giveUp(ctx context.Context, to *Abandoned) (r Record, err error) {
	ctx, cancel := context.WithTimeout(ctx, command)
	defer cancel()
	if there, err := a.exists(ctx, Dir); !there {
		return r, err
	}
	release, err := a.take(ctx)
	if err != nil {
		return r, err
	}
	defer release()
	if r, err = underWay(ctx, []at{a}); err != nil {
		return r, err
	}
	to.Record = r.Procedure != ""
	if to.Half, err = a.exists(ctx, Marker); err != nil {
		return r, err
	}
	_, err = a.host.Run(ctx, append([]string{"rm", "-f", recordFile}, litter...)...)
	return r, err
}
