package guard

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
)

// Key authenticates the messages of guards to each other. It prints as nothing.
type Key struct{ secret *[sha256.Size]byte }

// String hides the key.
func (Key) String() string { return "(key)" }

// GoString hides the key.
func (Key) GoString() string { return "(key)" }

// ReadKey derives the key of a zone's guards from one_key, which all servers of a
// zone have. Its errors name the file and never what is in it.
func ReadKey(file string) (Key, error) {
	text, err := readSmall(file)
	if err != nil {
		return Key{}, fmt.Errorf("read key: %w", err)
	}
	text = bytes.TrimSpace(text)
	if len(text) < 8 {
		return Key{}, fmt.Errorf("read key: %s holds no key: copy /var/lib/one/.one from another server of the zone", file)
	}
	return NewKey(text), nil
}

// NewKey derives a key from a secret.
func NewKey(secret []byte) Key {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("oneha raft guard: messages of guards, 1"))
	return Key{(*[sha256.Size]byte)(mac.Sum(nil))}
}

var errForged = errors.New("it is not authenticated: do all servers have the same one_key?")

// sign returns the authentication of a body. kind keeps a question from being taken
// for an answer.
func (k Key) sign(kind string, body []byte) string {
	return hex.EncodeToString(k.sum(kind, body))
}

func (k Key) sum(kind string, body []byte) []byte {
	mac := hmac.New(sha256.New, k.secret[:])
	mac.Write([]byte(kind))
	mac.Write([]byte{0})
	mac.Write(body)
	return mac.Sum(nil)
}

func (k Key) check(kind string, body []byte, signature string) error {
	given, err := hex.DecodeString(signature)
	if err != nil || !hmac.Equal(given, k.sum(kind, body)) {
		return errForged
	}
	return nil
}
