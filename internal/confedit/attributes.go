package confedit

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// liken gives a new file the owner, the group, the extended attributes and the mode of
// another. The order matters: a change of the owner takes bits from the mode, and until
// then nobody else can read what may be a secret.
func liken(f, old *os.File) error {
	var is, want unix.Stat_t
	if err := errors.Join(unix.Fstat(int(old.Fd()), &want), unix.Fstat(int(f.Fd()), &is)); err != nil {
		return fmt.Errorf("read owner: %w", err)
	}
	if is.Uid != want.Uid || is.Gid != want.Gid {
		if err := f.Chown(int(want.Uid), int(want.Gid)); err != nil {
			return fmt.Errorf("keep owner %d:%d (run this as root or as that owner): %w", want.Uid, want.Gid, err)
		}
	}
	if err := likenAttributes(f, old); err != nil {
		return err
	}
	if err := unix.Fchmod(int(f.Fd()), want.Mode&0o7777); err != nil {
		return fmt.Errorf("keep mode: %w", err)
	}
	return nil
}

// measured are attributes that the kernel computes from the file itself (IMA, EVM):
// those of another would be wrong.
var measured = []string{"security.ima", "security.evm"}

// likenAttributes copies the extended attributes (xattr(7)), among them the SELinux
// context and access lists.
func likenAttributes(f, old *os.File) error {
	names, err := attributesOf(old)
	if err != nil {
		return fmt.Errorf("read extended attributes: %w", err)
	}
	for _, name := range names {
		if slices.Contains(measured, name) {
			continue
		}
		want, err := attribute(old, name)
		if err != nil {
			return fmt.Errorf("read extended attribute %s: %w", name, err)
		}
		if is, err := attribute(f, name); err == nil && bytes.Equal(is, want) {
			continue // the file system gave it already
		}
		if err := unix.Fsetxattr(int(f.Fd()), name, want, 0); err != nil {
			return fmt.Errorf("keep extended attribute %s (run this as root): %w", name, err)
		}
	}
	if slices.Contains(names, accessList) {
		return nil
	}
	err = unix.Fremovexattr(int(f.Fd()), accessList)
	if err != nil && !errors.Is(err, unix.ENODATA) && !errors.Is(err, unix.ENOTSUP) {
		return fmt.Errorf("take away the directory's default access list: %w", err)
	}
	return nil
}

// accessList is the access list (acl(5)), which a directory may give to its new files.
const accessList = "system.posix_acl_access"

func attributesOf(f *os.File) ([]string, error) {
	buf := make([]byte, 1<<16) // the kernel's limit (XATTR_LIST_MAX)
	n, err := unix.Flistxattr(int(f.Fd()), buf)
	if errors.Is(err, unix.ENOTSUP) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return strings.FieldsFunc(string(buf[:n]), func(r rune) bool { return r == 0 }), nil
}

func attribute(f *os.File, name string) ([]byte, error) {
	buf := make([]byte, 1<<16) // the kernel's limit (XATTR_SIZE_MAX)
	n, err := unix.Fgetxattr(int(f.Fd()), name, buf)
	if err != nil {
		return nil, err
	}
	return buf[:n], nil
}
