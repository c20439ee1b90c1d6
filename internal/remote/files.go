package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
)

// streamer is the part in which machines differ; files builds a Host on it.
type streamer interface {
	Name() string
	Stream(ctx context.Context, in io.Reader, out io.Writer, argv ...string) error
	Close() error
}

type files struct{ streamer }

func (f files) Run(ctx context.Context, argv ...string) ([]byte, error) {
	var out limited
	err := f.Stream(ctx, nil, &out, argv...)
	return out.Bytes(), err
}

// absent is the exit code of readScript for a file that is not there.
const absent = 44

const readScript = `if [ ! -e "$1" ]; then exit 44; fi; exec cat -- "$1"`

func (f files) ReadFile(ctx context.Context, path string) ([]byte, error) {
	var out limited
	err := f.Stream(ctx, nil, &out, "sh", "-c", readScript, "sh", path)
	var exit *ExitError
	switch {
	case errors.As(err, &exit) && exit.Code == absent:
		return nil, fmt.Errorf("%s: %w", f.Name(), &fs.PathError{Op: "read", Path: path, Err: fs.ErrNotExist})
	case err != nil:
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return out.Bytes(), nil
}

// writeScript takes path, size, owner, group and mode, the last three "" for what
// the file has. A connection that breaks is an end of input, so the size decides
// whether the file is whole. Names that it leaves when the machine dies are known
// and removed the next time. GNU coreutils, which every front-end has.
const writeScript = `set -eu
umask 077
path=$1 size=$2 owner=$3 group=$4 mode=$5
if [ -L "$path" ]; then path=$(readlink -f -- "$path"); fi
dir=$(dirname -- "$path") base=$(basename -- "$path")
rm -f -- "$dir/.oneha-write.$base".????????
new=$(mktemp -- "$dir/.oneha-write.$base.XXXXXXXX")
trap 'rm -f -- "$new"' EXIT
trap 'exit 1' HUP INT TERM PIPE
cat > "$new"
got=$(wc -c < "$new")
if [ "$got" -ne "$size" ]; then echo "only $got of $size bytes came" >&2; exit 1; fi
if [ -e "$path" ]; then
  chown --reference="$path" -- "$new"
  chmod --reference="$path" -- "$new"
  chcon --reference="$path" -- "$new" 2>/dev/null || true
fi
if [ -n "$owner$group" ]; then chown -- "$owner${group:+:$group}" "$new"; fi
if [ -n "$mode" ]; then chmod -- "$mode" "$new"; fi
sync -- "$new"
mv -fT -- "$new" "$path"
sync -- "$dir"
trap - EXIT
`

func (f files) WriteFile(ctx context.Context, path string, data []byte, m Meta) error {
	mode := ""
	if m.Mode != 0 {
		mode = fmt.Sprintf("%04o", m.Mode.Perm())
	}
	err := f.Stream(ctx, bytes.NewReader(data), nil,
		"sh", "-c", writeScript, "sh", path, strconv.Itoa(len(data)), m.Owner, m.Group, mode)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
