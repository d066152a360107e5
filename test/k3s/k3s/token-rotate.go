package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
)

// rotateToken is `k3s token rotate`: what the servers share is sealed with the new token from now on. Servers and agents take it when they
// are started again with it; until then they go on with the old one.
func rotateToken(args []string) error {
	old, fresh, rest, err := rotateArgs(args)
	if err != nil {
		return err
	}
	n, err := newNode("server", rest)
	if err != nil {
		return err
	}
	if _, err := os.Stat(n.tls("server-ca.crt")); err != nil {
		return errors.New("this is no server, or it was never started")
	}
	c, err := loadCluster(n)
	if err != nil {
		return err
	}
	if err := c.checkOldToken(old); err != nil {
		return err
	}
	if fresh == "" {
		fresh = randomHex(16)
	}
	store := &etcd{c, newParts(n.dataDir)}
	if err := store.reseal(context.Background(), fresh); err != nil {
		return err
	}
	fmt.Println("Token rotated, restart k3s nodes with new token")
	return nil
}

func rotateArgs(args []string) (old, fresh string, rest []string, err error) {
	old = os.Getenv("K3S_TOKEN")
	for i := 0; i < len(args); i++ {
		name, value, hasValue := strings.Cut(args[i], "=")
		if !hasValue {
			if i++; i == len(args) {
				return "", "", nil, fmt.Errorf("flag needs an argument: %s", name)
			}
			value = args[i]
		}
		switch name {
		case "--token", "-t":
			old = value
		case "--new-token":
			fresh = value
		case "--data-dir", "-d", "--config", "-c":
			rest = append(rest, name+"="+value)
		default:
			return "", "", nil, fmt.Errorf("flag provided but not defined, or not done by lab k3s: %s", name)
		}
	}
	return old, fresh, rest, nil
}

func (c *cluster) checkOldToken(given string) error {
	parsed, err := parseToken(given, "server")
	if err != nil {
		return err
	}
	before, err := parseToken(string(readIfThere(c.server("token"))), "server")
	if err != nil {
		return err
	}
	if given == "" || parsed.password != before.password || parsed.hash != "" && parsed.hash != hashOf(c.serverCA.chain) {
		return errors.New("the token that is in force is needed: --token")
	}
	c.token, c.agentToken = before.password, before.password
	if agent, err := parseToken(string(readIfThere(c.server("agent-token"))), "node"); err == nil && agent.password != "" {
		c.agentToken = agent.password
	}
	return nil
}

// reseal puts it under the new token, then takes away what lay under the old one.
func (e *etcd) reseal(ctx context.Context, fresh string) error {
	parsed, err := parseToken(fresh, "server")
	if err != nil {
		return err
	}
	old, oldKey := e.token, e.sharedKey()
	e.token = parsed.password
	if e.agentToken == old {
		e.agentToken = e.token
	}
	if e.sharedKey() == oldKey {
		return errors.New("the new token is the old one")
	}
	if err := e.putShared(ctx); err != nil {
		return err
	}
	if _, err := e.ctl(ctx, e.local(), "del", oldKey); err != nil {
		return err
	}
	return e.writeTokens()
}
