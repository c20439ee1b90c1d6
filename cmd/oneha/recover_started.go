package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

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
	n, err := strconv.ParseInt(words[19], 10, 64) // starttime is field 22
	return time.Duration(n) * (time.Second / ticks), err == nil && n >= 0
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
			if err == nil {
				return time.Unix(n, 0), nil
			}
		}
	}
	return time.Time{}, fmt.Errorf("%s does not say when this machine was started", path)
}
