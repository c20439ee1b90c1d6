package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/raft/zone"
	"github.com/oneha/oneha/internal/spec"
)

// askLocal is how long this machine's oned may take to name its servers.
const askLocal = 2 * time.Second

// zoneFlags are how a command finds the zone, for raftZone.
func zoneFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "file", Aliases: []string{"f"}, Usage: "description of the zone: `FILE` (default: ./oneha.yaml, /etc/oneha/oneha.yaml, or on a server what its oned says)"},
		&cli.StringFlag{Name: "credentials", Usage: "`FILE` with user:password, as one_auth (default: $ONE_AUTH, " + one.DefaultAuthFile + ", ~/.one/one_auth)"},
		&cli.StringFlag{Name: "oned-conf", Value: zone.OnedConf, Usage: "configuration of this server's oned, used without a description: `FILE`"},
	}
}

// raftZone is the zone that a command is about: that of the description, or the one
// that this machine is a server of.
func (t tool) raftZone(c *cli.Context) (zone.Zone, error) {
	described, found, err := t.describedZone(c.String("file"))
	if err != nil {
		return zone.Zone{}, err
	}
	auth, err := zoneCredentials(c.String("credentials"))
	if err != nil {
		return zone.Zone{}, err
	}
	var z zone.Zone
	if found {
		z, err = zone.Of(described, auth)
	} else {
		ctx, stop := context.WithTimeout(c.Context, askLocal)
		defer stop()
		z, err = zone.Local(ctx, c.String("oned-conf"), auth)
		if err != nil {
			err = fmt.Errorf("there is no description (oneha.yaml, /%s), and this machine does not say which servers the zone has: %w; give a description with --file", serverFile, err)
		}
	}
	if err != nil {
		return zone.Zone{}, err
	}
	if own, err := t.addresses(); err == nil {
		z.Locate(own)
	}
	return z, nil
}

// describedZone reads the description: the named one, or the first that is there.
func (t tool) describedZone(file string) (spec.Zone, bool, error) {
	file, text, err := t.serverDescription(file)
	if errors.Is(err, errNoDescription) {
		return spec.Zone{}, false, nil
	}
	if err != nil {
		return spec.Zone{}, false, err
	}
	cluster, findings := spec.Parse(file, text)
	if findings.HasErrors() {
		t.print(findings)
		return spec.Zone{}, false, fmt.Errorf("%s cannot be used: %s; see oneha check", file, tally(findings))
	}
	if cluster.Zone == nil {
		return spec.Zone{}, false, fmt.Errorf("%s describes a cluster under Pacemaker, no zone under Raft (mode: raft): see oneha status", file)
	}
	return *cluster.Zone, true, nil
}

// zoneFile is the description of a zone under Raft that commands take by default, ""
// when there is none or it describes something else. What is wrong in it is another
// command's matter.
func (t tool) zoneFile() string {
	file, text, err := t.serverDescription("")
	if err != nil {
		return ""
	}
	if cluster, findings := spec.Parse(file, text); findings.HasErrors() || cluster.Zone == nil {
		return ""
	}
	return file
}

// zoneCredentials reads the credentials: the named ones, or those that OpenNebula's
// own commands would use here.
func zoneCredentials(file string) (one.Credentials, error) {
	if file != "" {
		return one.ReadCredentials(file)
	}
	files := []string{one.DefaultAuthFile}
	if file := os.Getenv("ONE_AUTH"); file != "" {
		files = []string{file}
	} else if home, err := os.UserHomeDir(); err == nil {
		files = append(files, filepath.Join(home, ".one", "one_auth"))
	}
	var first error
	for _, file := range files {
		auth, err := one.ReadCredentials(file)
		if err == nil {
			return auth, nil
		}
		if first == nil {
			first = err
		}
	}
	return one.Credentials{}, fmt.Errorf("%w: run it as root on a server, or name a file with --credentials", first)
}

// noArguments refuses arguments: a zone is found by flags.
func noArguments(c *cli.Context) error {
	if c.NArg() > 0 {
		return fmt.Errorf("%q: %s takes no arguments, the zone is found by --file; see %s --help", c.Args().First(), c.Command.Name, c.Command.HelpName)
	}
	return nil
}
