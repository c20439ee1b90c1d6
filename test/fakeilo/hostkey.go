package fakeilo

import (
	"crypto/dsa" //lint:ignore SA1019 old iLOs have such keys
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"fmt"

	"golang.org/x/crypto/ssh"
)

// newHostKey makes a host key; an old RSA one signs with SHA-1 only.
func newHostKey(kind string, old bool) (ssh.Signer, error) {
	var key any
	var err error
	switch kind {
	case "ed25519":
		_, key, err = ed25519.GenerateKey(rand.Reader)
	case "ecdsa":
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "rsa":
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	case "dsa":
		key, err = newDSAKey()
	default:
		return nil, fmt.Errorf("no host key of the kind %q: use ed25519, ecdsa, rsa or dsa", kind)
	}
	if err != nil {
		return nil, err
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err == nil && kind == "rsa" && old {
		return ssh.NewSignerWithAlgorithms(signer.(ssh.AlgorithmSigner), []string{ssh.KeyAlgoRSA})
	}
	return signer, err
}

func newDSAKey() (*dsa.PrivateKey, error) {
	key := &dsa.PrivateKey{}
	if err := dsa.GenerateParameters(&key.Parameters, rand.Reader, dsa.L1024N160); err != nil {
		return nil, err
	}
	return key, dsa.GenerateKey(key, rand.Reader)
}
