package fence

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestSecretDoesNotPrint(t *testing.T) {
	type inner struct{ hidden Secret }
	const text = "unmistakable"
	s := NewSecret(text)
	for _, v := range []any{s, &s, inner{s}, &inner{s}, []Secret{s}, map[string]Secret{"k": s}, Request{secrets: map[string]Secret{"k": s}, password: s}, &Request{password: s}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			got := fmt.Sprintf(verb, v)
			for _, form := range []string{text, fmt.Sprintf("%x", text), fmt.Sprintf("%X", text)} {
				if strings.Contains(got, form) {
					t.Errorf("%s of %T prints %q", verb, v, got)
				}
			}
		}
	}
	if text, err := json.Marshal(s); err != nil || string(text) != `"[secret]"` {
		t.Errorf("JSON: %s, %v", text, err)
	}
	if s.Reveal() != text || (Secret{}).Reveal() != "" {
		t.Error("Reveal does not")
	}
}

// write makes a file with exactly this mode, whatever the umask.
func write(t *testing.T, text string, mode os.FileMode) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	if err := errors.Join(os.WriteFile(name, []byte(text), 0o600), os.Chmod(name, mode)); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestPasswordFile(t *testing.T) {
	tests := []struct {
		name, text string
		mode       os.FileMode
		want, err  string
	}{
		{"one line", "S3cret pw\n", 0o600, "S3cret pw", ""},
		{"read-only", "pw", 0o400, "pw", ""},
		{"first line counts", "pw\r\nnote\n", 0o600, "pw", ""},
		{"spaces are kept", " pw \n", 0o600, " pw ", ""},
		{"group", "pw\n", 0o640, "", "chmod 600"},
		{"others", "pw\n", 0o604, "", "chmod 600"},
		{"empty", "", 0o600, "", "first line is empty"},
		{"empty line", "\npw\n", 0o600, "", "first line is empty"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			secret, err := readPasswordFile(write(t, tt.text, tt.mode))
			got := secret.Reveal()
			if got != tt.want || tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
				t.Errorf("%q, %v; want %q, %q", got, err, tt.want, tt.err)
			}
		})
	}
}

func TestPasswordFileMustBeAFile(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{dir, pipe, filepath.Join(dir, "missing")} {
		if _, err := readPasswordFile(name); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

func TestPasswordScript(t *testing.T) {
	tests := []struct{ name, script, want, err string }{
		{"prints", "printf 'pw \\n'", "pw", ""},
		{"pipeline, as the stock agents allow", "echo wp | rev", "pw", ""},
		{"fails", "echo pw; exit 3", "", "exit status 3"},
		{"prints nothing", "true", "", "must print the password"},
		{"missing", "/nonexistent/script", "", "by hand"},
		{"too much", "yes", "", "password_script"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			secret, err := runPasswordScript(ctx, tt.script)
			got := secret.Reveal()
			if got != tt.want || tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
				t.Errorf("%q, %v; want %q, %q", got, err, tt.want, tt.err)
			}
		})
	}
}

// A script that hangs ends with its children.
func TestPasswordScriptIsBounded(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	pid := filepath.Join(t.TempDir(), "pid")
	begin := time.Now()
	_, err := runPasswordScript(ctx, fmt.Sprintf("sleep 60 & echo $! > %s; wait", pid))
	if err == nil || !strings.Contains(err.Error(), "login_timeout") || time.Since(begin) > 3*time.Second {
		t.Errorf("%v after %s", err, time.Since(begin))
	}
	child, err := os.ReadFile(pid)
	if err != nil {
		t.Fatal(err)
	}
	for range 100 { // until it is reaped, /proc shows a zombie
		stat, err := os.ReadFile("/proc/" + strings.TrimSpace(string(child)) + "/stat")
		if err != nil || strings.Contains(string(stat), ") Z ") {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("the script's child is still there")
}

func TestPasswordSources(t *testing.T) {
	file := write(t, "from file\n", 0o600)
	tests := []struct{ name, options, want string }{
		{"option", "password=from option", "from option"},
		{"none", "", ""},
		{"script before option", "password=from option\npassword_script=echo from script", "from script"},
		{"old name", "passwd_script=echo from script", "from script"},
		{"file before all", "password=x\npassword_script=echo from script\npassword_file=" + file, "from file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dev := &fakeDevice{state: On, clock: newClock()}
			var got string
			a := testAgent(func(ctx context.Context, r *Request) (Device, error) {
				got = r.Password().Reveal()
				return dev, nil
			})
			code := Run(t.Context(), a, Env{
				Stdin: strings.NewReader("ip=h\naction=status\n" + tt.options), Stdout: new(strings.Builder), Stderr: new(strings.Builder),
				Getenv: func(string) string { return "" }, Now: time.Now, Sleep: dev.clock.sleep,
			})
			if code != 0 || got != tt.want {
				t.Errorf("exit code %d, password %q, want %q", code, got, tt.want)
			}
		})
	}
}

func TestPasswordOfSomebodyElse(t *testing.T) {
	if os.Geteuid() != 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("giving files away needs root: run the tests as root")
		}
		t.Skip("giving files away needs root")
	}
	file, script := write(t, "pw\n", 0o600), write(t, "#!/bin/sh\necho pw\n", 0o755)
	if _, err := readPasswordFile(file); err != nil {
		t.Error(err)
	}
	if err := checkScript(script); err != nil {
		t.Error(err)
	}
	if err := errors.Join(os.Chown(file, 65534, 0), os.Chown(script, 65534, 0)); err != nil {
		t.Fatal(err)
	}
	if _, err := readPasswordFile(file); err == nil || !strings.Contains(err.Error(), "chown root") {
		t.Errorf("file: %v", err)
	}
	if err := checkScript(script + " argument"); err == nil || !strings.Contains(err.Error(), "chown root") {
		t.Errorf("script: %v", err)
	}
}

func TestBadPasswordSourceTouchesNothing(t *testing.T) {
	open, script := write(t, "pw\n", 0o644), write(t, "#!/bin/sh\necho pw\n", 0o777)
	for _, options := range []string{"password_file=" + open, "password_script=false", "password_script=" + script, "passwd_script=" + script + " x"} {
		dev := &fakeDevice{state: On}
		if got := invoke(dev, call{stdin: "ip=h\naction=off\n" + options}); got.code != 1 || len(dev.log) > 0 {
			t.Errorf("%s: %+v, asked %v", options, got, dev.log)
		}
	}
}

func TestValidateAllDoesNotRunTheScript(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "ran")
	invoke(&fakeDevice{}, call{stdin: "ip=h\naction=validate-all\npassword_script=touch " + mark})
	if _, err := os.Stat(mark); err == nil {
		t.Error("the script was run")
	}
}

// The password is a single letter: a log that blots it out letter by letter would
// tell it, one that does not know where it is would show it.
func TestSecretsAreMasked(t *testing.T) {
	for _, source := range []string{"password=e", "password_script=printf e", "password_file=" + write(t, "e\n", 0o600)} {
		debug := filepath.Join(t.TempDir(), "debug")
		var syslog, stderr strings.Builder
		leak := func(_ context.Context, r *Request) (Device, error) {
			if r.Password().Reveal() != "e" {
				t.Errorf("%s: the password is %q", source, r.Password().Reveal())
			}
			r.Logf("using %s and %v of %+v", r.Password(), r.Secret("key"), *r)
			return nil, fmt.Errorf("cannot use %s,\nand %q", r.Password(), r.Secret("key"))
		}
		code := Run(t.Context(), testAgent(leak), Env{
			Stdin:  strings.NewReader("ip=h\naction=status\nverbose=1\nold_key=c0ffee\ndebug_file=" + debug + "\n" + source),
			Stdout: new(strings.Builder), Stderr: &stderr,
			Getenv: func(string) string { return "" }, Now: time.Now, Sleep: newClock().sleep,
			Syslog: func(m []byte) error { syslog.Write(append(m, '\n')); return nil },
		})
		traced, err := os.ReadFile(debug)
		if err != nil || code != 1 {
			t.Fatalf("exit code %d, %v", code, err)
		}
		info, _ := os.Stat(debug)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("debug file has mode %o", info.Mode().Perm())
		}
		for name, out := range map[string]string{"stderr": stderr.String(), "debug file": string(traced), "syslog": syslog.String()} {
			for _, secret := range []string{"=e\n", `"e"`, "use e", "using e", "printf e", "c0ffee"} {
				if strings.Contains(out, secret) {
					t.Errorf("%s: %q is in %s: %q", source, secret, name, out)
				}
			}
			if !strings.Contains(out, `Failed: read the power state of h: log in: cannot use [secret], and [secret]`) {
				t.Errorf("%s: the words are mangled in %s: %q", source, name, out)
			}
			if name != "syslog" && !strings.Contains(out, "option key=[secret]") {
				t.Errorf("%s: the options are missing in %s: %q", source, name, out)
			}
		}
	}
}
