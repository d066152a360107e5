package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

const nodePasswordFile = "/etc/rancher/node/password"

var errNodePassword = errors.New("Node password rejected, duplicate hostname or contents of '/etc/rancher/node/password' may not match server node-passwd entry, try enabling a unique node name with the --with-node-id flag")

type secret struct {
	Data map[string]string `json:"data"`
}

const secretsPath = "/api/v1/namespaces/kube-system/secrets"

// checkNodePassword remembers what a node says the first time: nobody else joins by its name.
func (s *supervisor) checkNodePassword(ctx context.Context, name, password string) error {
	if name == "" || password == "" {
		return errors.New("a node's name and password are missing")
	}
	id := name + ".node-password.k3s"
	var stored secret
	err := s.api.get(ctx, secretsPath+"/"+id, &stored)
	if isCode(err, http.StatusNotFound) {
		object := map[string]any{
			"apiVersion": "v1", "kind": "Secret", "metadata": map[string]any{"name": id}, "immutable": true,
			"stringData": map[string]string{"hash": saltedHash(randomHex(8), password)},
		}
		return s.api.create(ctx, secretsPath, object)
	}
	if err != nil {
		return err
	}
	hash, _ := base64.StdEncoding.DecodeString(stored.Data["hash"])
	salt, _, _ := strings.Cut(string(hash), "$")
	if !same(string(hash), saltedHash(salt, password)) {
		return errNodePassword
	}
	return nil
}

// saltedHash need not be slow: the passwords are 16 random bytes.
func saltedHash(salt, password string) string { return salt + "$" + hashOf([]byte(salt+password)) }

// isBootstrapToken looks for a token that `k3s token create` made.
func (s *supervisor) isBootstrapToken(ctx context.Context, id, password string) bool {
	if len(id) != 6 || !s.ready.Load() {
		return false
	}
	var stored secret
	if s.api.get(ctx, fmt.Sprintf("%s/bootstrap-token-%s", secretsPath, id), &stored) != nil {
		return false
	}
	field := func(name string) string {
		value, _ := base64.StdEncoding.DecodeString(stored.Data[name])
		return string(value)
	}
	if until, err := time.Parse(time.RFC3339, field("expiration")); err == nil && time.Now().After(until) {
		return false
	}
	return field("usage-bootstrap-authentication") == "true" && same(field("token-secret"), password)
}
