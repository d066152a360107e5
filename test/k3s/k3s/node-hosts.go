package main

import (
	"context"
	"slices"
	"strings"
	"time"
)

const dnsConfigPath = "/api/v1/namespaces/kube-system/configmaps/coredns"

// keepNodeHosts lets pods find nodes by their names: the cluster's DNS has a file of them.
func keepNodeHosts(ctx context.Context, l *leader) {
	l.whileLeading(ctx, "node hosts", 5*time.Second, func(ctx context.Context) error {
		if slices.Contains(l.disabled(), "coredns") {
			return nil
		}
		nodes, err := l.api.nodes(ctx)
		if err != nil {
			return err
		}
		var config struct{ Data map[string]string }
		if err := l.api.get(ctx, dnsConfigPath, &config); err != nil || config.Data["NodeHosts"] == nodeHosts(nodes) {
			return err
		}
		return l.api.merge(ctx, dnsConfigPath, map[string]any{"data": map[string]string{"NodeHosts": nodeHosts(nodes)}})
	})
}

func nodeHosts(nodes []clusterNode) string {
	lines := []string{}
	for _, node := range nodes {
		if address := node.address(); address != "" {
			lines = append(lines, address+" "+node.Metadata.Name+"\n")
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}
