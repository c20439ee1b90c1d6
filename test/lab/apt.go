package lab

import (
	"context"
	"os/exec"
	"slices"
	"strings"
)

// hostSources returns the one-line apt sources of the host that carry Debian
// release, so that a mirror set up on the host serves the lab too. It returns
// nil where the host has none (another release, another distribution, lists
// never fetched).
func hostSources(ctx context.Context, release string) []string {
	return parseSources(hostTargets(ctx), release)
}

// hostArchive returns where the host's own Debian release comes from, "" when it
// has none: other releases are there too.
func hostArchive(ctx context.Context) string { return parseArchive(hostTargets(ctx)) }

// parseArchive picks the URI of a release's main component, not of its updates.
func parseArchive(targets string) string {
	for line := range strings.Lines(targets) {
		f := strings.Split(strings.TrimSpace(line), "|")
		if len(f) == 6 && f[0] == "Packages" && f[1] == "Debian" && f[4] == "main" && !strings.Contains(f[2], "-") {
			return f[5]
		}
	}
	return ""
}

// hostTargets lists the host's index targets as parseSources reads them.
func hostTargets(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "apt-get", "indextargets", "--format",
		"$(CREATED_BY)|$(ORIGIN)|$(CODENAME)|$(RELEASE)|$(COMPONENT)|$(REPO_URI)").Output()
	if err != nil {
		return ""
	}
	return string(out)
}

// parseSources picks from index targets (created by, origin, codename, release,
// component and URI, separated by bars) the main component of release, its
// updates and its security updates. Without the release itself there is nothing
// to build from, and the answer is nil.
func parseSources(targets, release string) []string {
	var lines []string
	base := false
	for line := range strings.Lines(targets) {
		f := strings.Split(strings.TrimSpace(line), "|")
		if len(f) != 6 || f[0] != "Packages" || f[1] != "Debian" || f[4] != "main" {
			continue
		}
		switch f[2] {
		case release:
			base = true
		case release + "-updates", release + "-security":
		default:
			continue
		}
		source := "deb " + f[5] + " " + f[3] + " " + f[4]
		if !slices.Contains(lines, source) {
			lines = append(lines, source)
		}
	}
	if !base {
		return nil
	}
	slices.Sort(lines)
	return lines
}

// hostSettings returns the host's apt settings that decide whether its mirror
// can be reached and is believed, in apt.conf syntax.
func hostSettings(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "apt-config", "dump").Output()
	if err != nil {
		return ""
	}
	return parseSettings(string(out))
}

// parseSettings keeps from apt-config dump the lines about proxies, dates and
// certificates. Values may hold a proxy's password, so the result goes into
// files only.
func parseSettings(dump string) string {
	var keep strings.Builder
	for line := range strings.Lines(dump) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok || value == `"";` {
			continue
		}
		k := strings.ToLower(key)
		switch {
		case k == "acquire::check-valid-until", k == "acquire::check-date", k == "acquire::retries",
			strings.HasPrefix(k, "acquire::http::proxy"), strings.HasPrefix(k, "acquire::https::proxy"),
			strings.HasPrefix(k, "acquire::https::cainfo"), strings.HasPrefix(k, "acquire::https::verify-"):
			keep.WriteString(key + " " + value + "\n")
		}
	}
	return keep.String()
}
