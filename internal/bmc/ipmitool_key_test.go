package bmc

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestIpmitoolCheck(t *testing.T) {
	good := IPMI{Host: "192.0.2.1", Port: 623, Username: "admin", Password: "twenty-bytes-is-fine", Privilege: "operator", Key: "a key of twenty bytes", Ipmitool: "/bin/sh"}
	good.Key = good.Key[:maxKey]
	plain := filepath.Join(t.TempDir(), "ipmitool")
	if err := os.WriteFile(plain, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		change func(*IPMI)
		want   string // "" is valid
	}{
		{"longest key", func(*IPMI) {}, ""},
		{"key of 21 bytes", func(c *IPMI) { c.Key += "x" }, "at most 20"},
		{"key with a zero byte", func(c *IPMI) { c.Key = "a\x00b" }, "zero byte"},
		{"key that begins with a zero byte", func(c *IPMI) { c.Key = "\x00b" }, "zero byte"},
		{"key with IPMI 1.5", func(c *IPMI) { c.Password, c.V15 = "short", true }, "IPMI 1.5 has no BMC key"},
		{"target with IPMI 1.5", func(c *IPMI) { c.Password, c.V15, c.Key, c.Target = "short", true, "", 0x24 }, ""},
		{"password of 21 bytes", func(c *IPMI) { c.Password += "x" }, "at most 20"},
		{"password with a zero byte", func(c *IPMI) { c.Password = "a\x00b" }, "zero byte"},
		{"user name with a zero byte", func(c *IPMI) { c.Username = "a\x00b" }, "zero byte"},
		{"cipher suite 0", func(c *IPMI) { c.CipherSuites = []int{0} }, "cipher suite 0"},
		{"no program", func(c *IPMI) { c.Ipmitool = "/nonexistent/ipmitool" }, "install ipmitool"},
		{"no program, but no need", func(c *IPMI) { c.Ipmitool, c.Key = "/nonexistent/ipmitool", "" }, ""},
		{"directory", func(c *IPMI) { c.Ipmitool = "/bin" }, "install ipmitool"},
		{"not executable", func(c *IPMI) { c.Ipmitool = plain }, "install ipmitool"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := good
			tt.change(&c)
			err := c.Check()
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("Check = %v, want %q", err, tt.want)
			}
			if err != nil && c.Key != "" && (strings.Contains(err.Error(), c.Key) || strings.Contains(err.Error(), c.Password)) {
				t.Errorf("the error has a secret: %v", err)
			}
		})
	}
}

func TestParseKey(t *testing.T) {
	tests := []struct {
		digits, key, want string // want: of the error
	}{
		{"", "", ""},
		{"c0ffee", "\xc0\xff\xee", ""},
		{"C0FFEE0000", "\xc0\xff\xee", ""},
		{strings.Repeat("00", 20), "", ""},
		{strings.Repeat("6b", 20), strings.Repeat("k", 20), ""},
		{"00ff", "\x00\xff", ""}, // Check has the last word
		{strings.Repeat("6b", 21), "", "21 bytes"},
		{"c0ffe", "", "hexadecimal digits"},
		{"0xc0ffee", "", "hexadecimal digits"},
		{"c0 ff", "", "hexadecimal digits"},
		{"zzzz", "", "hexadecimal digits"},
	}
	for _, tt := range tests {
		key, err := ParseKey(tt.digits)
		if key != tt.key || (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("ParseKey(%q) = %q, %v; want %q, %q", tt.digits, key, err, tt.key, tt.want)
		}
		if err != nil && strings.Contains(err.Error(), tt.digits) {
			t.Errorf("the error has the key: %v", err)
		}
	}
}

func FuzzParseKey(f *testing.F) {
	for _, seed := range []string{"", "c0ffee", "00", "0xff", "6B33792d", "ffff00ff00", strings.Repeat("00", 21)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, digits string) {
		key, err := ParseKey(digits)
		if err != nil {
			return
		}
		if len(key) > maxKey || strings.HasSuffix(key, "\x00") {
			t.Errorf("%q gives %q", digits, key)
		}
		if rest, ok := strings.CutPrefix(strings.ToLower(digits), hex.EncodeToString([]byte(key))); !ok || strings.Trim(rest, "0") != "" {
			t.Errorf("%q gives %q", digits, key)
		}
	})
}
