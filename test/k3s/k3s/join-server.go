package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"slices"
	"sort"
	"time"
)

// criticalNames must be equal on all servers.
var criticalNames = []string{
	"cluster-cidr", "cluster-dns", "cluster-domain", "disable-cloud-controller", "disable-helm-controller", "disable-network-policy", "disable-servicelb",
	"egress-selector-mode", "flannel-backend", "secrets-encryption", "service-cidr",
}

// critical are those settings with their defaults: what a server tells of itself.
func (n *node) critical() map[string]string {
	otherwise := map[string]string{
		"cluster-cidr": n.podNetwork(), "cluster-dns": n.dnsAddress(), "cluster-domain": "cluster.local", "egress-selector-mode": "agent",
		"flannel-backend": "vxlan", "service-cidr": n.serviceNetwork(),
	}
	told := map[string]string{}
	for _, name := range criticalNames {
		told[name] = n.text(name, otherwise[name])
		if name == "disable-servicelb" {
			told[name] = fmt.Sprint(slices.Contains(n.disabled(), "servicelb"))
		}
		if told[name] == "" {
			told[name] = "false"
		}
	}
	return told
}

// joinServers takes over what the cluster's servers share. What the disk holds already stays.
func joinServers(ctx context.Context, n *node) error {
	server := n.text("server", "")
	token, err := n.tokenToJoin("server", "token is required to join a cluster")
	if err != nil {
		return err
	}
	if _, err := os.Stat(n.tls("server-ca.crt")); err == nil {
		return nil
	}
	return poll(ctx, 2*time.Minute, "the server "+server, func() error { return takeOver(ctx, n, server, token) })
}

func takeOver(ctx context.Context, n *node, server string, token joinToken) error {
	authority, err := fetchAuthority(server, token)
	if err != nil {
		return err
	}
	from := newJoin(server, token, authority)
	var theirs map[string]string
	if err := from.json(ctx, "/v1-k3s/config", &theirs); err != nil {
		return err
	}
	if err := compareCritical(n.critical(), theirs); err != nil {
		logLine("fatal", "%v", err)
		os.Exit(1)
	}
	content, err := from.call(ctx, "GET", "/v1-k3s/server-bootstrap", nil, nil)
	if err != nil {
		return err
	}
	var files map[string][]byte
	if err := json.Unmarshal(content, &files); err != nil {
		return err
	}
	return n.writeShared(files)
}

func compareCritical(ours, theirs map[string]string) error {
	if reflect.DeepEqual(ours, theirs) {
		return nil
	}
	names := []string{}
	for _, name := range criticalNames {
		if ours[name] != theirs[name] {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	return fmt.Errorf("starting kubernetes: preparing server: failed to validate server configuration: critical configuration value mismatch between servers: %v", names)
}
