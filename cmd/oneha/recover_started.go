package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/raft/guard/control"
	"github.com/oneha/oneha/internal/raft/zone"
	"github.com/oneha/oneha/internal/spec"
	"github.com/oneha/oneha/internal/unit"
)

// startedAuto finds out since when the oned at an endpoint drives what it finds, and says
// how: a server of a Raft zone since it leads, which its guard knows; any other since it
// was started, which its own machine knows.
func startedAuto(ctx context.Context, e one.Endpoint, raft one.RaftStatus, port int) (at time.Time, by string, err error) {
	u, err := url.Parse(e.String())
	if err != nil {
		return at, "", err
	}
	if raft.State != one.Solo {
		at, err = leadsSince(ctx, net.JoinHostPort(u.Hostname(), strconv.Itoa(port)), raft)
		if err != nil {
			return at, "", fmt.Errorf("since when this server leads is not known: %w", err)
		}
		return at, fmt.Sprintf("server %d leads since then, says its guard", raft.ServerID), nil
	}
	if ip, err := netip.ParseAddr(u.Hostname()); u.Hostname() != "localhost" && (err != nil || !ip.IsLoopback()) {
		return at, "", errors.New("when the oned there was started is not known")
	}
	if at, err := onedUnitSince(ctx); err == nil {
		return at, onedUnit + " runs since then, says systemd", nil
	}
	if at, err = onedStarted("/proc"); err != nil {
		return at, "", err
	}
	return at, "the process oned runs since then", nil
}

// guardPort is where the guards of the description listen, if it can be read.
func (t tool) guardPort() int {
	file, text, err := t.serverDescription("")
	if err != nil {
		return zone.GuardPort
	}
	if cluster, _ := spec.Parse(file, text); cluster.Zone != nil && cluster.Zone.Port != 0 {
		return cluster.Zone.Port
	}
	return zone.GuardPort
}

// leadsSince asks the guard beside a leader, as anybody may.
func leadsSince(ctx context.Context, address string, raft one.RaftStatus) (time.Time, error) {
	if raft.State != one.Leader {
		return time.Time{}, errors.New("it does not lead")
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/health", nil)
	if err != nil {
		return time.Time{}, err
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // no proxy
	answer, err := client.Do(request)
	if err != nil {
		return time.Time{}, fmt.Errorf("ask its guard: %w", err)
	}
	defer answer.Body.Close()
	var state control.State
	if err := json.NewDecoder(io.LimitReader(answer.Body, 64<<10)).Decode(&state); err != nil {
		return time.Time{}, fmt.Errorf("ask its guard at %s: %w", address, err)
	}
	if state.Server != raft.ServerID || state.Oned.Term != raft.Term || state.Oned.Since == nil {
		return time.Time{}, fmt.Errorf("its guard at %s does not know of term %d of server %d yet", address, raft.Term, raft.ServerID)
	}
	return *state.Oned.Since, nil
}

// onedUnit is the unit that Pacemaker, or nobody but systemd, runs oned as.
const onedUnit = "opennebula.service"

func onedUnitSince(ctx context.Context) (time.Time, error) {
	m := unit.New("")
	defer m.Close()
	st, err := m.State(ctx, onedUnit)
	if err != nil {
		return time.Time{}, err
	}
	if !st.Phase().Up() {
		return time.Time{}, errors.New(st.String())
	}
	at, err := m.ActiveSince(ctx, onedUnit)
	if err == nil && at.IsZero() {
		err = errors.New("systemd does not say")
	}
	return at, err
}

// ticks are those of times in /proc/PID/stat in a second (USER_HZ), 100 wherever Linux
// runs OpenNebula.
const ticks = 100

// onedStarted is when the oned on this machine was started, the last one if there are
// several.
func onedStarted(proc string) (time.Time, error) {
	boot, err := bootTime(filepath.Join(proc, "stat"))
	if err != nil {
		return time.Time{}, err
	}
	stats, err := filepath.Glob(filepath.Join(proc, "[0-9]*", "stat"))
	if err != nil {
		return time.Time{}, err
	}
	var last time.Time
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // ended meanwhile
		}
		at, ok := startOf(text, "oned")
		if !ok {
			continue
		}
		if t := boot.Add(at); t.After(last) {
			last = t
		}
	}
	if last.IsZero() {
		return time.Time{}, errors.New("no oned runs on this machine")
	}
	return last, nil
}

// startOf reads /proc/PID/stat: how long after the boot a program of that name started.
func startOf(stat []byte, name string) (time.Duration, bool) {
	open, end := bytes.IndexByte(stat, '('), bytes.LastIndexByte(stat, ')')
	if open < 0 || end < open || string(stat[open+1:end]) != name {
		return 0, false
	}
	words := strings.Fields(string(stat[end+1:])) // from field 3 on
	if len(words) < 20 {
		return 0, false
	}
	n, err := strconv.ParseUint(words[19], 10, 39) // starttime is field 22; a century has 39 bits of ticks
	return time.Duration(n) * (time.Second / ticks), err == nil
}

// bootTime reads btime of /proc/stat.
func bootTime(path string) (time.Time, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return time.Time{}, err
	}
	for line := range strings.Lines(string(text)) {
		if word, ok := strings.CutPrefix(line, "btime "); ok {
			n, err := strconv.ParseInt(strings.TrimSpace(word), 10, 64)
			if err == nil && n >= 0 {
				return time.Unix(n, 0), nil
			}
		}
	}
	return time.Time{}, fmt.Errorf("%s does not say when this machine was started", path)
}
