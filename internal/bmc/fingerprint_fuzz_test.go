package bmc

import (
	"slices"
	"strings"
	"testing"
)

// What is read as fingerprints is written in one way, which is read as the same.
func FuzzFingerprints(f *testing.F) {
	for _, text := range []string{
		"", ",", "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU", "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
		"MD5:d4:1d:8c:d9:8f:00:b2:04:e9:80:09:98:ec:f8:42:7e", "D4:1D:8C:D9:8F:00:B2:04:E9:80:09:98:EC:F8:42:7E, SHA256:x", "SHA256:\n", "::::::::::::::::::::::::::::::::",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		found, err := parseFingerprints(text)
		if err != nil {
			if found != nil || len(err.Error()) > 2*len(text)*len(`\u0000`)+200 || strings.ContainsAny(err.Error(), "\r\n") {
				t.Errorf("%q gives %q and the error %q", text, found, err)
			}
			return
		}
		if text != "" && len(found) == 0 {
			t.Errorf("%q demands no key", text)
		}
		again, err := parseFingerprints(strings.Join(found, ","))
		if err != nil || !slices.Equal(again, found) {
			t.Errorf("%q is %q, which is read as %q, %v", text, found, again, err)
		}
	})
}
