package spec

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/oneha/oneha/internal/diag"
)

// home is where oneha's own files live on a node. Where it does not exist oneha
// is not installed, so the machine is not a node but somebody's workstation.
const home = "/etc/oneha"

// CheckFiles looks at the files that a description names, one finding for each
// that a fence agent could not use or that others could read. root is the file
// system of this machine, with paths relative to "/". A file under /etc/oneha
// that misses is nothing when that directory misses too: oneha is not installed
// here, so this is no node but the machine where the file is written.
func CheckFiles(c Cluster, root fs.FS) diag.Findings {
	var findings diag.Findings
	for _, f := range c.Files {
		severity, what, fix := checkFile(root, f.Path)
		if what == "" {
			continue
		}
		findings = append(findings, diag.Finding{
			File: f.File, Line: f.Line, Column: f.Column, Severity: severity,
			What: fmt.Sprintf("password file %s %s", f.Path, what), Fix: fix,
		})
	}
	findings.Sort()
	return findings
}

// checkFile says what is wrong with a password file, or "".
func checkFile(root fs.FS, file string) (severity diag.Severity, what, fix string) {
	name := rooted(file)
	info, err := fs.Stat(root, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := fs.Stat(root, rooted(home)); errors.Is(err, fs.ErrNotExist) && under(file, home) {
			return "", "", ""
		}
		return diag.Error, "does not exist", "create it on each node, owner root, mode 0600; on a machine that is no node use --no-local-files"
	case errors.Is(err, fs.ErrPermission):
		return diag.Warning, "cannot be looked at by this user", "run this as root"
	case err != nil:
		return diag.Error, fmt.Sprintf("cannot be looked at: %v", errors.Unwrap(err)), "check the path"
	case !info.Mode().IsRegular():
		return diag.Error, "is not a file", "name a file that holds the password"
	case info.Mode().Perm()&0o077 != 0:
		return diag.Error, fmt.Sprintf("has mode %04o, so others than its owner can use it", info.Mode().Perm()), "chmod 600 " + file
	}
	empty, err := isEmpty(root, name)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return diag.Warning, "cannot be read by this user", "run this as root"
	case err != nil:
		return diag.Error, fmt.Sprintf("cannot be read: %v", errors.Unwrap(err)), "check the file"
	case empty:
		return diag.Error, "has an empty first line", "write the password into its first line"
	}
	return "", "", ""
}

// isEmpty reports whether the first line, which is the password, is empty.
func isEmpty(root fs.FS, name string) (bool, error) {
	f, err := root.Open(name)
	if err != nil {
		return false, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, 1024))
	line, _, _ := bytes.Cut(data, []byte("\n"))
	return len(bytes.TrimRight(line, "\r")) == 0, err
}

// rooted is an absolute path as a file system rooted at "/" names it.
func rooted(file string) string {
	if file = strings.TrimPrefix(path.Clean(file), "/"); file == "" {
		return "."
	}
	return file
}

func under(file, dir string) bool { return strings.HasPrefix(path.Clean(file), dir+"/") }
