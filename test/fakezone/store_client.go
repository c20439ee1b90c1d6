package fakezone

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// clientTime is how long a database may take for one transaction; oned would wait
// as long as it takes.
const clientTime = 30 * time.Second

// sqliteClient runs the command sqlite3 on a file, which only its owner may read.
func sqliteClient(file string) client {
	return func(statements string) (string, error) {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return "", err
		}
		f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return "", err
		}
		if err := f.Close(); err != nil {
			return "", err
		}
		return run(statements, nil, "sqlite3", "-batch", "-bail", "-init", "/dev/null", "-separator", "\t", "-cmd", ".timeout 2500", file)
	}
}

// mysqlClient runs the command mariadb, or mysql, which reads the password from a
// file that no other process can open.
func mysqlClient(d DB) client {
	return func(statements string) (string, error) {
		options, err := d.options()
		if err != nil {
			return "", err
		}
		defer options.Close()
		program, err := exec.LookPath("mariadb")
		if errors.Is(err, exec.ErrNotFound) {
			program, err = exec.LookPath("mysql")
		}
		if err != nil {
			return "", err
		}
		return run(statements, []*os.File{options}, program, "--defaults-file=/dev/fd/3", "--batch", "--skip-column-names", "--raw", d.Name)
	}
}

// options is a file in memory with what the client is told.
func (d DB) options() (*os.File, error) {
	fd, err := unix.MemfdCreate("options", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make file of options: %w", err)
	}
	f := os.NewFile(uintptr(fd), "options")
	text := "[client]\nconnect-timeout=5\ndefault-character-set=utf8mb4\n"
	for name, value := range map[string]string{"user": d.User, "password": string(d.Password), "host": d.Server} {
		if value != "" {
			text += name + "=" + quoteOption(value) + "\n"
		}
	}
	if d.Port != 0 {
		text += "port=" + strconv.Itoa(d.Port) + "\n"
	}
	err = f.Chmod(0o600) // the client ignores a file that others might write
	if err == nil {
		_, err = f.WriteString(text)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("write file of options: %w", err), f.Close())
	}
	return f, nil
}

// quoteOption is a value as option files have it (MariaDB, "Option File Syntax").
func quoteOption(value string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(value) + `"`
}

// run gives statements to a command, which ends when they do: a server that is
// killed in the middle leaves a transaction without its end, which does nothing.
func run(statements string, files []*os.File, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), clientTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdin, cmd.ExtraFiles = strings.NewReader(statements), files // from 3 on
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", filepath.Base(name), err, strings.TrimSpace(said.String()))
	}
	return string(out), nil
}
