// Package build makes the packages of this checkout for tests.
package build

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// Date is SOURCE_DATE_EPOCH of the packages: that of no commit, since a test builds
// what is not committed, too.
const Date = 1700000000

// limit is for a slow machine; a build takes half a minute.
const limit = 10 * time.Minute

// Make makes the packages of a version for some architectures, as "amd64 arm64", and
// returns their directory, which is below dir.
func Make(ctx context.Context, checkout, dir, version, arches string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	made := filepath.Join(dir, "packages")
	cmd := exec.CommandContext(ctx, "make", "-s", "packages", "PACKAGES="+made, "RELEASE="+version)
	cmd.Dir = checkout
	cmd.Env = append(os.Environ(), fmt.Sprintf("SOURCE_DATE_EPOCH=%d", Date), "ARCHES="+arches)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.WaitDelay = 5 * time.Second
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("make packages: %w\n%s", err, out)
	}
	return made, nil
}
