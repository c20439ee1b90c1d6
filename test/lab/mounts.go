package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// mountsUnder returns the mount points at and below dir, from the text of
// /proc/self/mountinfo (proc(5)), the last mounted first: the order in which
// they can be unmounted.
func mountsUnder(mountinfo, dir string) []string {
	var points []string
	for line := range strings.Lines(mountinfo) {
		f := strings.Fields(line)
		if len(f) < 5 {
			continue
		}
		point := unescape(f[4])
		if point == dir || strings.HasPrefix(point, dir+"/") {
			points = append(points, point)
		}
	}
	slices.Reverse(points)
	return points
}

// unescape undoes the octal escapes of mountinfo (space, tab, newline,
// backslash).
func unescape(s string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(s)
}

// unmountUnder unmounts everything at and below dir.
func unmountUnder(dir string) error {
	info, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return fmt.Errorf("read mounts: %w", err)
	}
	for _, point := range mountsUnder(string(info), dir) {
		if err := unmount(point); err != nil {
			return err
		}
	}
	return nil
}

// unmount unmounts point. A process that was just killed may hold a file for a
// moment, so a busy mount is tried again for a second, then detached.
func unmount(point string) error {
	deadline := time.Now().Add(time.Second)
	for {
		err := unix.Unmount(point, unix.UMOUNT_NOFOLLOW)
		if err == unix.EBUSY && time.Now().Before(deadline) {
			time.Sleep(10 * time.Millisecond)
			continue
		}
		if err == unix.EBUSY {
			err = unix.Unmount(point, unix.UMOUNT_NOFOLLOW|unix.MNT_DETACH)
		}
		if err != nil && err != unix.EINVAL && err != unix.ENOENT { // gone already
			return fmt.Errorf("unmount %s: %w", point, err)
		}
		return nil
	}
}

// removeTree unmounts what is mounted below dir and removes dir. It never
// descends into a mount: whatever cannot be unmounted stops it.
func removeTree(dir string) error {
	if err := unmountUnder(dir); err != nil {
		return err
	}
	info, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return fmt.Errorf("read mounts: %w", err)
	}
	if left := mountsUnder(string(info), dir); len(left) > 0 {
		return fmt.Errorf("remove %s: still mounted: %s", dir, strings.Join(left, " "))
	}
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("remove %s: %w", dir, err)
	}
	return nil
}

// mountOverlay mounts at dir/root an overlay whose writable layer is dir/upper
// over layers, the topmost first, and returns dir/root. What is in dir/upper
// already is seen in it.
func mountOverlay(dir string, layers []string) (string, error) {
	upper, work, root := filepath.Join(dir, "upper"), filepath.Join(dir, "work"), filepath.Join(dir, "root")
	for _, d := range []string{upper, work, root} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return "", fmt.Errorf("make overlay: %w", err)
		}
	}
	data := fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", strings.Join(layers, ":"), upper, work)
	if err := unix.Mount("oneha-lab", root, "overlay", 0, data); err != nil {
		return "", fmt.Errorf("mount overlay %s: %w", root, err)
	}
	return root, nil
}
