package main

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// What the servers share lies in the datastore too, sealed with the token: a snapshot brings it back, to who knows the token.

func (e *etcd) sharedKey() string { return "/bootstrap/" + hashOf([]byte(e.token))[:12] }

// saveShared writes it the first time. A token that was changed (`k3s token rotate`) is the right one if it lies under that.
func (e *etcd) saveShared(ctx context.Context) error {
	found, err := e.ctl(ctx, e.local(), "get", "/bootstrap/", "--prefix", "--keys-only")
	if err != nil {
		return err
	}
	keys := strings.Fields(found)
	known := slices.Contains(keys, e.sharedKey())
	switch {
	case !known && (len(keys) > 0 || e.tokenIsNew):
		return errOtherToken
	case e.tokenIsNew:
		e.tokenIsNew = false
		return e.writeTokens()
	case known:
		return nil
	}
	return e.putShared(ctx)
}

// putShared seals the files with the token that the cluster has now.
func (e *etcd) putShared(ctx context.Context) error {
	files, err := e.readShared()
	if err != nil {
		return err
	}
	plain, err := json.Marshal(files)
	if err != nil {
		return err
	}
	sealed, err := seal(e.token, plain)
	if err != nil {
		return err
	}
	_, err = e.parts.outputOf(ctx, strings.NewReader(sealed), "etcdctl", append(e.clientFlags(), "--endpoints="+e.local(), "put", e.sharedKey())...)
	return err
}

// restoreShared lays what the datastore holds over what the disk has.
func (e *etcd) restoreShared(ctx context.Context) error {
	sealed, err := e.ctl(ctx, e.local(), "get", e.sharedKey(), "--print-value-only")
	if err != nil {
		return err
	}
	if strings.TrimSpace(sealed) == "" {
		return errOtherToken
	}
	plain, err := unseal(e.token, strings.TrimSpace(sealed))
	if err != nil {
		return err
	}
	var files map[string][]byte
	if err := json.Unmarshal(plain, &files); err != nil {
		return err
	}
	return e.writeShared(files)
}

func cipherFor(token string, salt []byte) (cipher.AEAD, error) {
	key, err := pbkdf2.Key(sha256.New, token, salt, 4096, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// seal returns <salt>:<nonce and sealed text>, in base64.
func seal(token string, plain []byte) (string, error) {
	salt := make([]byte, 16)
	rand.Read(salt)
	aead, err := cipherFor(token, salt)
	if err != nil {
		return "", err
	}
	nonce := make([]byte, aead.NonceSize())
	rand.Read(nonce)
	encode := base64.StdEncoding.EncodeToString
	return encode(salt) + ":" + encode(aead.Seal(nonce, nonce, plain, nil)), nil
}

func unseal(token, sealed string) ([]byte, error) {
	first, second, _ := strings.Cut(sealed, ":")
	salt, err := base64.StdEncoding.DecodeString(first)
	if err != nil {
		return nil, err
	}
	content, err := base64.StdEncoding.DecodeString(second)
	if err != nil {
		return nil, err
	}
	aead, err := cipherFor(token, salt)
	if err != nil || len(content) < aead.NonceSize() {
		return nil, fmt.Errorf("bootstrap data cannot be read: %v", err)
	}
	return aead.Open(nil, content[:aead.NonceSize()], content[aead.NonceSize():], nil)
}
