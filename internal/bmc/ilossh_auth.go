package bmc

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync/atomic"

	"golang.org/x/crypto/ssh"
)

// identity reads the private key of the identity file; nil without one. No error
// has a word of the file's content.
func identity(c ILOSSHConfig) (ssh.Signer, error) {
	if c.IdentityFile == "" {
		return nil, nil
	}
	info, err := os.Stat(c.IdentityFile)
	if err != nil {
		return nil, fmt.Errorf("read identity file: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("identity file %s may be used by others (mode %04o): chmod 600 it", c.IdentityFile, info.Mode().Perm())
	}
	text, err := os.ReadFile(c.IdentityFile)
	if err != nil {
		return nil, fmt.Errorf("read identity file: %w", err)
	}
	signer, err := ssh.ParsePrivateKey(text)
	if _, missing := errors.AsType[*ssh.PassphraseMissingError](err); missing {
		if c.Password == "" {
			return nil, fmt.Errorf("identity file %s needs a passphrase: give it as the password", c.IdentityFile)
		}
		if signer, err = ssh.ParsePrivateKeyWithPassphrase(text, []byte(c.Password)); err != nil {
			return nil, fmt.Errorf("identity file %s cannot be decrypted: check the passphrase, which is given as the password", c.IdentityFile)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("identity file %s holds no private key in a format that OpenSSH writes", c.IdentityFile)
	}
	if many, ok := signer.(ssh.MultiAlgorithmSigner); ok && signer.PublicKey().Type() == ssh.KeyAlgoRSA && !c.LegacyAlgorithms {
		// Without this, a BMC that names no algorithms would get a SHA-1 signature.
		return ssh.NewSignerWithAlgorithms(many, []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256})
	}
	return signer, nil
}

// offerOnce picks the one way in which the credentials are offered: the key of
// the identity file or the password, the latter by whichever of its two methods
// the BMC takes, never by both.
func offerOnce(c ILOSSHConfig, signer ssh.Signer, offered *atomic.Bool) ssh.ClientAuthCallback {
	return func(ctx *ssh.ClientAuthContext) (ssh.AuthMethod, error) {
		takes := func(method string) bool { return slices.Contains(ctx.AllowedMethods, method) }
		if len(ctx.AllowedMethods) == 0 || offered.Swap(true) {
			return nil, nil // the library then ends with its last error
		}
		switch {
		case signer != nil && takes("publickey"):
			return ssh.PublicKeys(signer), nil
		case signer == nil && takes("password"):
			return ssh.Password(c.Password), nil
		case signer == nil && takes("keyboard-interactive"):
			return ssh.KeyboardInteractive(answerOnce(c.Password)), nil
		}
		offered.Store(false)
		needs := "the identity file"
		if signer == nil {
			needs = "the password"
		}
		return nil, &failure{
			text: fmt.Sprintf("the BMC does not take %s, it takes %s: use that, or enable the other on the BMC", needs, strings.Join(ctx.AllowedMethods, ", ")),
			kind: ErrLogin,
		}
	}
}

// answerOnce gives the password to one hidden question; a second one is how a
// server asks again after a refusal.
func answerOnce(password string) ssh.KeyboardInteractiveChallenge {
	asked := false
	return func(_, _ string, questions []string, echos []bool) ([]string, error) {
		switch {
		case len(questions) == 0:
			return nil, nil
		case asked:
			return nil, errors.New("asked again for the password") // read as a refusal
		case len(questions) > 1 || echos[0]:
			return nil, &failure{text: "the BMC asks for more than the password at the login: use a user without a second factor", kind: ErrLogin}
		}
		asked = true
		return []string{password}, nil
	}
}
