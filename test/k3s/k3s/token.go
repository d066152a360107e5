package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
)

// joinToken is a token taken apart: K10<sha256 of the authority>::<user>:<password>, or the password alone.
type joinToken struct {
	hash, user, password string
}

func parseToken(token, user string) (joinToken, error) {
	token = strings.TrimSpace(token)
	if !strings.HasPrefix(token, "K10") {
		if id, secret, isBootstrap := strings.Cut(token, "."); isBootstrap && len(id) == 6 && len(secret) == 16 {
			return joinToken{user: id, password: secret}, nil
		}
		return joinToken{user: user, password: token}, nil
	}
	hash, credentials, found := strings.Cut(strings.TrimPrefix(token, "K10"), "::")
	if !found || len(hash) != 64 {
		return joinToken{}, errors.New("invalid token format")
	}
	separator := ":"
	if !strings.Contains(credentials, ":") {
		separator = "."
	}
	name, password, found := strings.Cut(credentials, separator)
	if !found {
		return joinToken{}, errors.New("invalid token format")
	}
	return joinToken{hash, name, password}, nil
}

func formatToken(authority []byte, user, password string) string {
	return fmt.Sprintf("K10%s::%s:%s", hashOf(authority), user, password)
}

func hashOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// givenToken is that of a flag, a variable, the configuration or a file.
func (n *node) givenToken(name string) (string, error) {
	if token := n.text(name, ""); token != "" {
		return token, nil
	}
	if file := n.text(name+"-file", ""); file != "" {
		content, err := os.ReadFile(file)
		return strings.TrimSpace(string(content)), err
	}
	return "", nil
}

// keepTokens settles the passwords, and writes the token files.
func (c *cluster) keepTokens() error {
	given, err := c.givenToken("token")
	if err != nil {
		return err
	}
	if c.token, err = c.serverPassword(given); err != nil {
		return err
	}
	if c.agentToken, err = c.givenToken("agent-token"); err != nil {
		return err
	}
	if parsed, err := parseToken(c.agentToken, "node"); err == nil {
		c.agentToken = parsed.password
	}
	if c.agentToken == "" {
		c.agentToken = c.token
	}
	if c.tokenIsNew {
		return nil
	}
	return c.writeTokens()
}

// writeTokens writes the token files; an agent token that is the server's is a link.
func (c *cluster) writeTokens() error {
	if err := writeFile(c.server("token"), []byte(formatToken(c.serverCA.chain, "server", c.token)+"\n"), 0o600); err != nil {
		return err
	}
	if err := linkTo(c.server("token"), c.server("node-token")); err != nil {
		return err
	}
	if c.agentToken == c.token {
		return linkTo(c.server("token"), c.server("agent-token"))
	}
	os.Remove(c.server("agent-token"))
	return writeFile(c.server("agent-token"), []byte(formatToken(c.serverCA.chain, "node", c.agentToken)+"\n"), 0o600)
}

func (c *cluster) serverPassword(given string) (string, error) {
	parsed, err := parseToken(given, "server")
	if err != nil {
		return "", err
	}
	if parsed.hash != "" && parsed.hash != hashOf(c.serverCA.chain) {
		return "", errors.New("token CA hash does not match the Cluster CA certificate hash")
	}
	stored, err := os.ReadFile(c.server("token"))
	if err != nil {
		if given == "" {
			return randomHex(16), nil
		}
		return parsed.password, nil
	}
	before, err := parseToken(string(stored), "server")
	if err != nil {
		return "", err
	}
	if given != "" && before.password != parsed.password {
		c.tokenIsNew = true
		return parsed.password, nil
	}
	return before.password, nil
}

// errOtherToken: what the servers share lies in the datastore under another token.
var errOtherToken = errors.New("bootstrap data already found and encrypted with different token")

func linkTo(target, path string) error {
	if now, err := os.Readlink(path); err == nil && now == target {
		return nil
	}
	os.Remove(path)
	return os.Symlink(target, path)
}
