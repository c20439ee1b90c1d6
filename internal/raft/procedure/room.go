package procedure

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Where the files go that a procedure writes, and how large they get, is asked for before
// anything is stopped: a full disk in the middle of a restore costs a server.

// freeScript prints the filesystem of a directory, or of the nearest above it that is
// there, and how many KiB are free in it.
const freeScript = `d=$1; while ! test -e "$d"; do d=$(dirname "$d"); done; df -Pk "$d" | awk 'END { print $6, $4 }'`

// free is the filesystem of a directory and the bytes free there.
func (a at) free(ctx context.Context, dir string) (mount string, bytes int64, err error) {
	out, err := a.host.Run(ctx, "sh", "-c", freeScript, "sh", dir)
	if err != nil {
		return "", 0, err
	}
	mount, word, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
	kib, err := strconv.ParseInt(word, 10, 53) // in bytes, too, it is no more than 64 bits
	if err != nil {
		return "", 0, fmt.Errorf("%s: df says %.100q about %s", a.Name, out, dir)
	}
	return mount, kib << 10, nil
}

// spare is what is left free beside the files of a procedure: logs go on.
const spare = 64 << 20

// room refuses when the dumps would not fit. A run that goes on has some of them already.
func (b *builder) room(ctx context.Context) error {
	if b.p.Before.Procedure != "" {
		return nil
	}
	size, err := b.from.size(ctx, b.lead)
	if err != nil {
		return fmt.Errorf("measure the database: %w", err)
	}
	own, err := b.to.size(ctx, b.target)
	if err != nil {
		return fmt.Errorf("measure the database: %w", err)
	}
	var errs []error
	for _, need := range []struct {
		a     at
		files map[string]int64
	}{{b.lead, map[string]int64{Dir: size}}, {b.target, b.to.takes(size, own)}} {
		mounts := map[string][2]int64{} // needed and free
		for dir, n := range need.files {
			mount, free, err := need.a.free(ctx, dir)
			if err != nil {
				return err
			}
			mounts[mount] = [2]int64{mounts[mount][0] + n, free}
		}
		for mount, m := range mounts {
			if m[0]+spare > m[1] {
				errs = append(errs, fmt.Errorf("%s: the filesystem %s has %d MiB free, and %d MiB are needed for copies of the database: make room there", need.a.Name, mount, m[1]>>20, (m[0]+spare+1<<20-1)>>20))
			}
		}
	}
	return errors.Join(errs...)
}

// size is that of the file.
func (sqlite) size(ctx context.Context, a at) (int64, error) {
	out, err := a.host.Run(ctx, "sh", "-c", "test -e "+sqliteFile+" || exit 1; stat -c %s "+sqliteFile)
	if ok, err := answer(err); !ok {
		return 0, err // a server that never ran has none
	}
	return number(a, out)
}

// takes are the dump and the database that is made of it; the old one is renamed.
func (sqlite) takes(size, _ int64) map[string]int64 {
	return map[string]int64{Dir: size, onedData: size}
}

// size is what the server of the database says. The dump has about as much.
func (m mysql) size(ctx context.Context, a at) (int64, error) {
	var out bytes.Buffer
	// The password goes by standard input: nothing is written before a procedure begins.
	err := a.host.Stream(ctx, strings.NewReader(m.options), &out, m.shell, "--defaults-file=/dev/stdin", "-N", "-e",
		"SELECT COALESCE(SUM(data_length + index_length), 0) FROM information_schema.tables WHERE table_schema = '"+m.name+"'")
	if err != nil {
		return 0, fmt.Errorf("%w (with user and password of /etc/one/oned.conf)", err)
	}
	return number(a, out.Bytes())
}

// takes are the dump, what the server had, and, if it is on the same machine where it
// mostly is, the database.
func (m mysql) takes(size, own int64) map[string]int64 {
	return map[string]int64{Dir: size + own, "/var/lib/mysql": size}
}

func number(a at, out []byte) (int64, error) {
	n, err := strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%s: %.100q is no size", a.Name, out)
	}
	return n, nil
}
