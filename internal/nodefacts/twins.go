package nodefacts

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/oneha/oneha/internal/lint"
)

// alwaysTwins are the files that must be the same on every node, beside those that
// the configuration names.
var alwaysTwins = []string{
	"/etc/corosync/corosync.conf", "/etc/corosync/authkey", "/etc/one/monitord.conf",
	"/var/lib/one/.one/one_auth", "/var/lib/one/.one/one_key", "/var/lib/one/.one/sunstone_auth", "/var/lib/one/.one/oneflow_auth",
	"/var/lib/one/.one/onegate_auth", "/var/lib/one/.one/oneform_auth", "/var/lib/one/.one/oneks_auth", "/var/lib/one/.one/fireedge_key",
}

// keyFiles hold a long random secret that the nodes share. The first that is there
// keys the digests: one without a key would let anybody who has the facts try
// passwords.
var keyFiles = []struct{ name, path string }{
	{"authkey", "/etc/corosync/authkey"},
	{"one_key", "/var/lib/one/.one/one_key"},
}

// maxTwin bounds a file, in bytes.
const maxTwin = 1 << 20

// twins notes the digests of files.
func (c *collector) twins(files []string) {
	c.account()
	var key []byte
	for _, k := range keyFiles {
		data, err := c.read(k.path)
		if err == nil && len(data) >= 16 {
			key = data
			c.facts.TwinKey = k.name + ":" + digest(key, "oneha twin key")
			break
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			c.unknown("twin files", err)
		}
	}
	if key == nil {
		return
	}
	all := append(slices.Clone(alwaysTwins), files...)
	slices.Sort(all)
	for _, file := range slices.Compact(all) {
		t := lint.Twin{Path: file}
		data, err := c.read(file)
		switch {
		case err == nil:
			t.Digest = digest(key, file, string(comparable(file, data)))
		case !errors.Is(err, fs.ErrNotExist):
			t.Note = err.Error()
		}
		c.facts.Twins = append(c.facts.Twins, t)
	}
}

// ownLines are those of oned.conf in which the servers of a zone differ.
var ownLines = regexp.MustCompile(`(?mi)^\s*(SERVER_ID\s*=.*|HOSTNAME\s*=.*)$|SERVER_ID\s*=\s*"?-?\d+"?`)

// comparable is the part of a file that must be the same.
func comparable(file string, data []byte) []byte {
	if strings.HasSuffix(file, "/oned.conf") {
		return ownLines.ReplaceAll(data, nil)
	}
	return data
}

func digest(key []byte, parts ...string) string {
	h := hmac.New(sha256.New, key)
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// read reads a regular file whole, without ever waiting for one that is a pipe. Its
// errors name no path but the one asked for.
func (c *collector) read(file string) ([]byte, error) {
	f, err := os.OpenFile(c.path(file), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", file, errors.Unwrap(err))
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, fmt.Errorf("read %s: it is not a regular file", file)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxTwin+1))
	if err == nil && len(data) > maxTwin {
		err = fmt.Errorf("it has more than %d bytes", maxTwin)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	return data, nil
}

// account finds the ids of oneadmin.
func (c *collector) account() {
	data, err := c.read("/etc/passwd")
	if err != nil {
		c.unknown("oneadmin", err)
		return
	}
	for line := range bytes.Lines(data) {
		f := strings.Split(strings.TrimSpace(string(line)), ":")
		if len(f) < 4 || f[0] != "oneadmin" {
			continue
		}
		uid, errU := strconv.Atoi(f[2])
		gid, errG := strconv.Atoi(f[3])
		if errU == nil && errG == nil {
			c.facts.Oneadmin = &lint.Account{UID: uid, GID: gid}
		}
	}
}
