package main

import (
	"github.com/oneha/oneha/internal/fencecheck"
)

// probeReport is what oneha fence probe --json prints. Times are milliseconds.
type probeReport struct {
	OK       bool            `json:"ok"`
	Self     string          `json:"self,omitempty"` // the node that this machine is
	OffTime  float64         `json:"off_time_ms"`    // assumed
	BMCs     []bmcReport     `json:"bmcs"`
	NotAsked []string        `json:"not_asked,omitempty"` // ids of devices that no agent of ours can ask
	Settings []verdictReport `json:"settings"`
}

type bmcReport struct {
	Node      string        `json:"node"`
	Device    string        `json:"device"` // id of its resource
	Agent     string        `json:"agent"`
	Address   string        `json:"address"`
	Reachable bool          `json:"reachable"`
	Tries     int           `json:"tries"`
	Succeeded int           `json:"succeeded"`
	Power     string        `json:"power"` // on, off, or "" when it is not known
	Latency   latencyReport `json:"latency"`
	Error     string        `json:"error,omitempty"`
}

// latencyReport has a login and a status for each visit that succeeded; a visit
// is both.
type latencyReport struct {
	Median float64   `json:"median_ms"`
	Worst  float64   `json:"worst_ms"`
	Login  []float64 `json:"login_ms"`
	Status []float64 `json:"status_ms"`
}

type verdictReport struct {
	Setting string  `json:"setting"`
	Node    string  `json:"node"`
	Known   bool    `json:"known"` // the measurements suffice to tell
	Fits    bool    `json:"fits"`
	Set     float64 `json:"set_ms"`
	Needs   float64 `json:"needs_ms"`
	Text    string  `json:"text"`
	Advice  string  `json:"advice,omitempty"`
}

func (p probed) report() probeReport {
	r := probeReport{OK: p.good(), Self: p.self, OffTime: millis(p.assumed.Off), BMCs: []bmcReport{}, Settings: []verdictReport{}}
	for _, m := range p.measured {
		b := bmcReport{
			Node: m.Device.Node, Device: m.Device.ID, Agent: m.Device.Agent.Name, Address: m.Device.Address(), Reachable: m.Reachable,
			Tries: m.Tries, Succeeded: len(m.Visits), Power: string(m.Power), Latency: latencyOf(m),
		}
		if m.Err != nil {
			b.Error = m.Err.Error()
		}
		r.BMCs = append(r.BMCs, b)
	}
	for _, o := range p.others {
		r.NotAsked = append(r.NotAsked, o.ID)
	}
	for _, v := range p.verdicts {
		r.Settings = append(r.Settings, verdictReport{v.About, v.Node, v.Known, v.Fits, millis(v.Set), millis(v.Needs), v.Text, v.Advice})
	}
	return r
}

func latencyOf(m fencecheck.Measurement) latencyReport {
	l := latencyReport{Median: millis(m.Median()), Worst: millis(m.Worst()), Login: []float64{}, Status: []float64{}}
	for _, v := range m.Visits {
		l.Login, l.Status = append(l.Login, millis(v.Login)), append(l.Status, millis(v.Status))
	}
	return l
}
