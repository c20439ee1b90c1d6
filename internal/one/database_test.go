package one

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func split(t testing.TB, e Endpoint) (host string, port int) {
	t.Helper()
	host, word, err := net.SplitHostPort(e.address)
	if err != nil {
		t.Fatal(err)
	}
	port, err = strconv.Atoi(word)
	if err != nil {
		t.Fatal(err)
	}
	return host, port
}

// mariadbGreeting is the first packet of a MariaDB 10.11, its salt replaced.
var mariadbGreeting = packet(0, "\x0a5.5.5-10.11.6-MariaDB\x00\x2a\x00\x00\x00saltsalt\x00\xfe\xff\x2d\x02\x00\xff\x81\x15\x00\x00\x00\x00\x00\x00\x1d\x00\x00\x00saltsaltsalt\x00mysql_native_password\x00")

func packet(sequence byte, payload string) string {
	return string([]byte{byte(len(payload)), byte(len(payload) >> 8), 0, sequence}) + payload
}

// fakeMySQL greets and plays the login, of which it tells what the client did.
func fakeMySQL(reply string, done chan<- string) func(net.Conn) {
	return func(c net.Conn) {
		defer close(done)
		_, _ = io.WriteString(c, mariadbGreeting)
		sequence, login, err := readMySQL(c)
		if err != nil || sequence != 1 || !strings.Contains(string(login), "oneha-probe\x00\x00mysql_native_password\x00") {
			done <- "no login"
			return
		}
		_, _ = io.WriteString(c, reply)
		if reply[4] == mysqlAuthSwitch {
			if sequence, answer, err := readMySQL(c); err != nil || sequence != 3 || len(answer) != 0 {
				done <- "no answer to the other method"
				return
			}
			_, _ = io.WriteString(c, packet(4, "\xff\x15\x04denied"))
		}
		if _, err := c.Read(make([]byte, 1)); err != io.EOF {
			done <- "it did not end after the refusal"
			return
		}
		done <- "well"
	}
}

func TestMySQLLogin(t *testing.T) {
	noFDLeak(t)
	for name, reply := range map[string]string{
		"denied":       packet(2, "\xff\x15\x04#28000Access denied"),
		"other method": packet(2, "\xfecaching_sha2_password\x00saltsaltsaltsaltsalt\x00"),
	} {
		t.Run(name, func(t *testing.T) {
			done := make(chan string, 1)
			host, port := split(t, serve(t, fakeMySQL(reply, done)))
			if err := (Database{Backend: "mysql", Server: host, Port: port}).Check(t.Context()); err != nil {
				t.Error(err)
			}
			if got := <-done; got != "well" {
				t.Error(got)
			}
		})
	}
}

// "localhost" is the Unix socket, and without one the port on this machine.
func TestMySQLOnThisMachine(t *testing.T) {
	_, port := split(t, serve(t, write(mariadbGreeting)))
	if err := (Database{Backend: "mysql", Server: localhost, Port: port}).Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestMySQLSaysWhatIsWrong(t *testing.T) {
	for says, where := range map[string]func(testing.TB) Endpoint{
		"nothing listens there":             freePort,
		"it accepts connections but":        stopped,
		"is not MySQL or MariaDB":           func(t testing.TB) Endpoint { return serve(t, write("HTTP/1.1 400 Bad Request\r\n\r\n")) },
		"Too many connections":              func(t testing.TB) Endpoint { return serve(t, write(packet(0, "\xff\x10\x04Too many connections"))) },
		"unexpected EOF":                    func(t testing.TB) Endpoint { return serve(t, write("\x10\x00")) },
		"there is not MySQL or MariaDB":     func(t testing.TB) Endpoint { return serve(t, write(packet(0, "\x09"))) },
		"it refuses connections":            func(t testing.TB) Endpoint { return serve(t, write(packet(0, "\xff"))) },
		"127.0.0.1:":                        freePort,
		"oned has lost its database: the d": freePort,
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		host, port := split(t, where(t))
		err := Database{Backend: "mysql", Server: host, Port: port}.Check(ctx)
		cancel()
		if !errors.Is(err, ErrDatabase) || errors.Is(err, ErrHung) || errors.Is(err, ErrNotListening) || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v, want %q", err, says)
		}
	}
}

func write(text string) func(net.Conn) {
	return func(c net.Conn) { _, _ = io.WriteString(c, text) }
}

func FuzzMySQL(f *testing.F) {
	f.Add([]byte(mariadbGreeting + packet(2, "\xff\x15\x04#28000Access denied")))
	f.Add([]byte(packet(0, "\xff\x10\x04Too many connections")))
	f.Add([]byte("\xff\xff\xff\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		rw := struct {
			io.Reader
			io.Writer
		}{strings.NewReader(string(b)), io.Discard}
		sequence, err := greetMySQL(rw)
		if err == nil && (len(b) < 6 || b[4] != mysqlProtocol) {
			t.Errorf("%q is a greeting", b)
		}
		leaveMySQL(rw, sequence)
	})
}

func TestSQLite(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "one.db")
	at := func(f string) Database { return Database{Backend: "sqlite", File: f} }
	for text, says := range map[string]string{
		sqliteMagic + "...":                    "",
		"":                                     "",
		"SQLite":                               "is not a SQLite database",
		"some other thing that is long enough": "is not a SQLite database",
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		err := at(file).Check(t.Context())
		if (err == nil) != (says == "") || err != nil && (!errors.Is(err, ErrDatabase) || !strings.Contains(err.Error(), says)) {
			t.Errorf("%q: %v, want %q", text, err, says)
		}
	}
	for _, f := range []string{filepath.Join(dir, "gone"), dir} {
		if err := at(f).Check(t.Context()); !errors.Is(err, ErrDatabase) || !strings.Contains(err.Error(), f) {
			t.Errorf("%s: %v", f, err)
		}
	}
}

// Locks show only to other processes, so another one takes them.
func TestSQLiteLocks(t *testing.T) {
	for name, c := range map[string]struct {
		kind  int16
		start int64
		says  string
	}{
		"exclusive": {syscall.F_WRLCK, sqliteShared, "is locked by process"},
		"pending":   {syscall.F_WRLCK, sqlitePending, "is locked by process"},
		"reserved":  {syscall.F_WRLCK, sqlitePending + 1, ""}, // a writer that lets others read
		"shared":    {syscall.F_RDLCK, sqliteShared, ""},
	} {
		t.Run(name, func(t *testing.T) {
			db := sqliteConfig(t).DB
			pid := holdLock(t, db.File, c.kind, c.start)
			err := db.Check(t.Context())
			if (err == nil) != (c.says == "") || err != nil && (!errors.Is(err, ErrDatabase) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), strconv.Itoa(pid))) {
				t.Errorf("error %v, want %q and %d", err, c.says, pid)
			}
		})
	}
}

const lockEnv = "ONEHA_TEST_LOCK"

// holdLock starts this test program anew, which locks the file until the test ends.
func holdLock(t *testing.T, file string, kind int16, start int64) int {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, "-test.run=^TestLockHolder$")
	cmd.Env = append(os.Environ(), lockEnv+"="+strings.Join([]string{strconv.Itoa(int(kind)), strconv.FormatInt(start, 10), file}, " "))
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stdin.Close(); _ = cmd.Wait() })
	if line, err := bufio.NewReader(stdout).ReadString('\n'); line != "locked\n" {
		t.Fatalf("the holder of the lock says %q, %v", line, err)
	}
	return cmd.Process.Pid
}

// TestLockHolder is the other process of holdLock.
func TestLockHolder(t *testing.T) {
	words := strings.SplitN(os.Getenv(lockEnv), " ", 3)
	if len(words) != 3 {
		t.Skip("only with " + lockEnv + ", as the child of another test")
	}
	kind, _ := strconv.Atoi(words[0])
	start, _ := strconv.ParseInt(words[1], 10, 64)
	f, err := os.OpenFile(words[2], os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	lock := syscall.Flock_t{Type: int16(kind), Whence: io.SeekStart, Start: start, Len: 1}
	if err := syscall.FcntlFlock(f.Fd(), syscall.F_SETLK, &lock); err != nil {
		t.Fatal(err)
	}
	_, _ = os.Stdout.WriteString("locked\n")
	_, _ = io.Copy(io.Discard, os.Stdin) // until the parent ends
}
