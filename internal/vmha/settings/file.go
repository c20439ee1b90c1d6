package settings

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/user"
	"strconv"
	"syscall"

	"github.com/oneha/oneha/internal/diag"
)

// Load reads a file of settings. Its error is about the file, and says the command that
// mends it; findings are about what it says. The file can have a program run
// (ipmitool_path), so one that others than root and this user may change is not used.
func Load(file string) (Settings, diag.Findings, error) {
	data, err := readOwn(file, 0o022)
	if err != nil {
		return Default(), nil, fmt.Errorf("read settings: %w", err)
	}
	s, findings := Parse(file, data)
	return s, findings, nil
}

// CheckPassword says what keeps a password file from being used, before an agent is
// asked to: which user it has to belong to, only the hook knows.
func CheckPassword(file string) error {
	if _, err := readOwn(file, 0o077); err != nil {
		return fmt.Errorf("read password_file: %w", err)
	}
	return nil
}

// readOwn reads a file of root's or this user's that has none of the modes which it must
// not have. It never waits, as for a named pipe.
func readOwn(file string, forbidden fs.FileMode) ([]byte, error) {
	me := userName(os.Geteuid())
	mend := fmt.Sprintf("chown root:%s %s && chmod 640 %s", me, file, file)
	if forbidden&0o044 != 0 { // for its owner alone
		mend = fmt.Sprintf("chown %s %s && chmod 600 %s", me, file, file)
	}
	f, err := os.OpenFile(file, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("%w, as user %s: as root, run %s; if a directory above keeps it out, install -d -m 750 -o root -g %s %s", err, me, mend, me, Dir)
	case errors.Is(err, fs.ErrNotExist) && forbidden&0o044 != 0:
		return nil, fmt.Errorf("%w: as root, run install -m 600 -o %s /dev/null %s and write the password into it", err, me, file)
	case err != nil:
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	owner := os.Geteuid()
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		owner = int(stat.Uid)
	}
	switch {
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a regular file", file)
	case owner != 0 && owner != os.Geteuid():
		return nil, fmt.Errorf("%s belongs to %s, who could change it: run %s", file, userName(owner), mend)
	case info.Mode().Perm()&forbidden != 0:
		return nil, fmt.Errorf("%s is open to others (mode %04o): run %s", file, info.Mode().Perm(), mend)
	}
	return io.ReadAll(io.LimitReader(f, maxSize+1))
}

func userName(id int) string {
	if u, err := user.LookupId(strconv.Itoa(id)); err == nil {
		return u.Username
	}
	return strconv.Itoa(id)
}
