package cibtext

import (
	"bytes"
	"encoding/xml"
	"strings"
	"testing"
)

// The lines of a text are as many as it has, and XML can hold each of them: what is damaged
// is said with its line.
func FuzzLines(f *testing.F) {
	for _, text := range []string{"", "a\nb\r\n", "\ufeffpcs resource create x\n", "\x1b[1;31mred\x1b[0m\n\x1b[", "a\x00\nb\ufffe", "\xff\n\u0085"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		lines, damaged := Lines(text)
		if len(lines) != bytes.Count(text, []byte("\n"))+1 || damaged < 0 || damaged > len(lines) {
			t.Fatalf("%q: %d lines, the first damaged is %d", text, len(lines), damaged)
		}
		for i, line := range lines {
			var b bytes.Buffer
			if err := xml.EscapeText(&b, []byte(line)); err != nil || strings.ContainsAny(line, "\n\x1b") {
				t.Errorf("line %q, %v", line, err)
			}
			// What XML cannot hold becomes U+FFFD, which is told.
			if strings.Contains(line, "\ufffd") && !bytes.Contains(text, []byte("\ufffd")) && (damaged == 0 || damaged > i+1) {
				t.Errorf("line %d, %q, is damaged, and it says %d", i+1, line, damaged)
			}
			if read := (struct {
				Text string `xml:",chardata"`
			}{}); xml.Unmarshal([]byte("<a>"+b.String()+"</a>"), &read) != nil || read.Text != line {
				t.Errorf("line %q is %q in XML", line, read.Text)
			}
		}
	})
}
