package bmc

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// hostKeys decides which host key is the BMC's.
type hostKeys struct {
	pinned []string            // fingerprints; when there are any, nothing else counts
	known  ssh.HostKeyCallback // of the known_hosts file
	file   string
	trust  bool // unknown keys are added to the file
}

func newHostKeys(c ILOSSHConfig) (*hostKeys, error) {
	pinned, err := parseFingerprints(c.HostKey)
	if err != nil || len(pinned) > 0 {
		return &hostKeys{pinned: pinned}, err
	}
	h := &hostKeys{file: c.KnownHosts, trust: c.TrustNewHostKey}
	h.known, err = knownhosts.New(c.KnownHosts)
	switch {
	case errors.Is(err, fs.ErrNotExist) && h.trust:
		h.known, err = knownhosts.New()
	case errors.Is(err, fs.ErrNotExist):
		return nil, &failure{text: fmt.Sprintf("the known_hosts file %s does not exist: make it with ssh-keyscan and compare the fingerprint, or set host_key", c.KnownHosts), kind: ErrHostKey, err: err}
	}
	if err != nil {
		return nil, &failure{text: fmt.Sprintf("read the known_hosts file %s: %v", c.KnownHosts, err), kind: ErrHostKey, err: err}
	}
	return h, nil
}

// check is called with a key that the BMC proved to have.
func (h *hostKeys) check(address string, remote net.Addr, key ssh.PublicKey) error {
	actual := ssh.FingerprintSHA256(key)
	if h.known == nil {
		if slices.Contains(h.pinned, actual) || slices.Contains(h.pinned, "MD5:"+ssh.FingerprintLegacyMD5(key)) {
			return nil
		}
		return &failure{text: fmt.Sprintf("the BMC's %s host key is %s, not the one in host_key: somebody may be in between; if the BMC was replaced or reset, set the new one", key.Type(), actual), kind: ErrHostKey}
	}
	err := h.known(address, remote, key)
	mismatch, ok := errors.AsType[*knownhosts.KeyError](err)
	switch {
	case err == nil:
		return nil
	case ok && len(mismatch.Want) == 0 && h.trust:
		return h.add(address, key)
	case ok && len(mismatch.Want) == 0:
		return &failure{text: fmt.Sprintf("the BMC's host key is not in %s: compare %s with what the BMC shows, then add the key or set host_key to it", h.file, actual), kind: ErrHostKey, err: err}
	case ok:
		return &failure{text: fmt.Sprintf("the BMC's %s host key is %s, not the one in %s: somebody may be in between; if the BMC was replaced or reset, replace the line there", key.Type(), actual, h.file), kind: ErrHostKey, err: err}
	}
	return &failure{text: fmt.Sprintf("the BMC's host key: %v", err), kind: ErrHostKey, err: err}
}

// add writes a line for the key to the known_hosts file.
func (h *hostKeys) add(address string, key ssh.PublicKey) error {
	line := knownhosts.Line([]string{knownhosts.Normalize(address)}, key) + "\n"
	if old, err := os.ReadFile(h.file); err == nil && len(old) > 0 && !bytes.HasSuffix(old, []byte("\n")) {
		line = "\n" + line
	}
	f, err := os.OpenFile(h.file, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err == nil {
		_, err = f.WriteString(line)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return &failure{text: fmt.Sprintf("add the host key to the known_hosts file: %v", err), kind: ErrHostKey, err: err}
	}
	return nil
}

// hostKeyAlgorithms are asked for in this order, so that a pinned fingerprint
// stays the one of the same key.
var hostKeyAlgorithms = []string{
	ssh.KeyAlgoED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521,
	ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256,
}

// algorithms asks for the kinds of key that known_hosts has for the host: a BMC
// with several keys would else show one that is not there.
func (h *hostKeys) algorithms(address string, remote net.Addr, legacy bool) []string {
	all := slices.Clone(hostKeyAlgorithms)
	if legacy {
		all = append(all, legacyHostKeys...)
	}
	if h.known == nil {
		return all
	}
	lines, _ := errors.AsType[*knownhosts.KeyError](h.known(address, remote, noKey{}))
	if lines == nil || len(lines.Want) == 0 {
		return all
	}
	return slices.DeleteFunc(all, func(algorithm string) bool {
		kind := algorithm
		if algorithm == ssh.KeyAlgoRSASHA512 || algorithm == ssh.KeyAlgoRSASHA256 {
			kind = ssh.KeyAlgoRSA
		}
		return !slices.ContainsFunc(lines.Want, func(k knownhosts.KnownKey) bool { return k.Key.Type() == kind })
	})
}

// noKey is a key that no known_hosts file has.
type noKey struct{}

func (noKey) Type() string                        { return "none" }
func (noKey) Marshal() []byte                     { return nil }
func (noKey) Verify([]byte, *ssh.Signature) error { return errors.New("not a key") }

// parseFingerprints reads fingerprints as ssh-keygen -l prints them, with or
// without the word MD5.
func parseFingerprints(text string) ([]string, error) {
	var found []string
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' || r == '\t' }) {
		if sum, ok := strings.CutPrefix(word, "SHA256:"); ok {
			sum = strings.TrimRight(sum, "=")
			if raw, err := base64.RawStdEncoding.DecodeString(sum); err == nil && len(raw) == 32 {
				found = append(found, "SHA256:"+sum)
				continue
			}
		}
		sum := strings.ToLower(strings.TrimPrefix(word, "MD5:"))
		if raw, err := hex.DecodeString(strings.ReplaceAll(sum, ":", "")); err == nil && len(raw) == 16 && len(sum) == 47 {
			found = append(found, "MD5:"+sum)
			continue
		}
		return nil, fmt.Errorf("host key %q is no fingerprint: give it with SHA256: in front, as ssh-keygen -l prints it", word)
	}
	if text != "" && found == nil {
		return nil, errors.New("the host key's fingerprint is empty")
	}
	return found, nil
}
