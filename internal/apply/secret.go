package apply

import (
	"bytes"
	"crypto/md5" // what cibsecret(8) checks a value by; no protection and none is meant
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// SecretsDir is where Pacemaker's executor and fencer look for the value of a
// parameter that the CIB has as lrm:// (cibsecret(8)).
const SecretsDir = "/var/lib/pacemaker/lrm/secrets"

// Secret is the value of a resource's parameter.
type Secret struct {
	Resource, Param string
	Value           []byte
}

// StoreSecret writes a secret below dir for this node, as cibsecret(8) does: the value
// and its MD5, a line each, in files of mode 0600. It reports whether anything had
// to be written. Unlike cibsecret set it takes the value from memory and not as an
// argument, which everybody on the machine could read.
func StoreSecret(dir string, s Secret) (changed bool, err error) {
	if len(s.Value) == 0 || bytes.ContainsAny(s.Value, "\n\x00") {
		return false, fmt.Errorf("store secret %s of %s: it must be one line and not empty", s.Param, s.Resource)
	}
	sum := md5.Sum(s.Value)
	value := filepath.Join(dir, s.Resource, s.Param)
	files := []struct {
		path string
		text []byte
	}{
		{value, append(bytes.Clone(s.Value), '\n')},
		{value + ".sign", []byte(hex.EncodeToString(sum[:]) + "\n")},
	}
	right := true
	for _, f := range files {
		have, err := os.ReadFile(f.path)
		info, err2 := os.Stat(f.path)
		right = right && err == nil && err2 == nil && bytes.Equal(have, f.text) && info.Mode().Perm() == 0o600
	}
	if right {
		return false, nil
	}
	if err := os.MkdirAll(filepath.Dir(value), 0o700); err != nil {
		return false, fmt.Errorf("store secret: %w", err)
	}
	var made []string
	defer func() {
		for _, name := range made {
			_ = os.Remove(name) // gone already if it was renamed
		}
	}()
	for _, f := range files {
		w, err := os.CreateTemp(filepath.Dir(value), ".new-*") // of mode 0600
		if err != nil {
			return false, fmt.Errorf("store secret: %w", err)
		}
		made = append(made, w.Name())
		_, err = w.Write(f.text)
		if err = errors.Join(err, w.Sync(), w.Close()); err != nil {
			return false, fmt.Errorf("store secret: %w", err)
		}
	}
	for i, f := range files { // a use between the two fails, and is tried again by Pacemaker
		if err := os.Rename(made[i], f.path); err != nil {
			return false, fmt.Errorf("store secret: %w", err)
		}
	}
	return true, nil
}
