package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/oneha/oneha/internal/apply"
	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/spec"
)

// useStore has the fence devices of a cluster take their password from Pacemaker's
// store instead of a file, and returns what has to be in that store. What comes from
// a command, other than one that prints a file, stays as it is.
func (t tool) useStore(c *spec.Cluster) (secrets []apply.Secret, err error) {
	devices := slices.Clone(c.Fencing)
	for i, d := range devices {
		options := slices.Clone(d.Options)
		at := slices.IndexFunc(options, func(o spec.Option) bool { return passwordFile(o) != "" })
		if at < 0 {
			fmt.Fprintf(t.stderr, "oneha: note: %s has no password file: it stays as it is\n", d.ID)
			continue
		}
		file := passwordFile(options[at])
		_, text, err := t.readLocal(file)
		if err != nil {
			return nil, fmt.Errorf("read password of %s: %w", d.ID, err)
		}
		value, _, _ := bytes.Cut(text, []byte("\n"))
		secrets = append(secrets, apply.Secret{Resource: d.ID, Param: "password", Value: bytes.TrimSuffix(value, []byte("\r"))})
		options[at] = spec.Option{Name: "password", Value: spec.StoredSecret}
		slices.SortFunc(options, func(a, b spec.Option) int { return strings.Compare(a.Name, b.Name) })
		devices[i].Options = options
	}
	c.Fencing = devices
	return secrets, nil
}

// passwordFile is the file that an option takes a password from: ours by name, the
// stock agents' by cat.
func passwordFile(o spec.Option) string {
	switch file, isCat := strings.CutPrefix(o.Value, "cat "); {
	case o.Name == "password_file":
		return o.Value
	case o.Name == "password_script" && isCat && fs.ValidPath(strings.TrimPrefix(file, "/")) && !strings.ContainsAny(file, " '\"\\$"):
		return file
	}
	return ""
}

// storeSecrets writes this node's store and returns how many secrets were not right
// there.
func storeSecrets(secrets []apply.Secret) (stored int, err error) {
	for _, s := range secrets {
		changed, err := apply.StoreSecret(apply.SecretsDir, s)
		if err != nil {
			return stored, err
		}
		if changed {
			stored++
		}
	}
	return stored, nil
}

// storeOnly writes the store and nothing else.
func (t tool) storeOnly(secrets []apply.Secret) error {
	stored, err := storeSecrets(secrets)
	if err != nil {
		return failure{err}
	}
	_, err = fmt.Fprintf(t.stdout, "%s in this node's store, %d of them written now; the cluster was not touched\n", diag.Count(len(secrets), "password"), stored)
	return err
}
