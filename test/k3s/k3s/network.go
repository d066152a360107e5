package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"time"
)

// clusterNode is what the pods' network needs to know of a node.
type clusterNode struct {
	Metadata struct {
		Name              string            `json:"name"`
		Labels            map[string]string `json:"labels"`
		Annotations       map[string]string `json:"annotations"`
		Finalizers        []string          `json:"finalizers"`
		DeletionTimestamp string            `json:"deletionTimestamp"`
	} `json:"metadata"`
	Spec struct {
		PodCIDR string `json:"podCIDR"`
	} `json:"spec"`
	Status struct {
		Addresses []struct{ Type, Address string } `json:"addresses"`
	} `json:"status"`
}

func (n clusterNode) address() string {
	for _, address := range n.Status.Addresses {
		if address.Type == "InternalIP" {
			return address.Address
		}
	}
	return ""
}

func (a *api) nodes(ctx context.Context) ([]clusterNode, error) {
	var list struct{ Items []clusterNode }
	err := a.get(ctx, "/api/v1/nodes", &list)
	return list.Items, err
}

// keepNetwork does what flannel's host-gw does: each node's pods are reached through that node. The nodes stand in one network.
func keepNetwork(ctx context.Context, n *node, client *api, pods string) {
	routes := map[string]string{}
	for ctx.Err() == nil {
		nodes, err := client.nodes(ctx)
		if err == nil {
			n.route(nodes, routes)
		}
		n.masquerade(pods)
		time.Sleep(3 * time.Second)
	}
}

func (n *node) route(nodes []clusterNode, routes map[string]string) {
	wanted := map[string]string{}
	for _, other := range nodes {
		network, address := other.Spec.PodCIDR, other.address()
		if network == "" || address == "" {
			continue
		}
		if other.Metadata.Name == n.name {
			n.writeNetwork(network)
		} else {
			wanted[network] = address
		}
	}
	for network, address := range wanted {
		if routes[network] != address && exec.Command("ip", "route", "replace", network, "via", address).Run() == nil {
			routes[network] = address
		}
	}
	for network := range routes {
		if wanted[network] == "" {
			exec.Command("ip", "route", "del", network).Run()
			delete(routes, network)
		}
	}
}

func (n *node) writeNetwork(pods string) {
	path := n.path("agent/etc/cni/net.d/10-flannel.conflist")
	content := fmt.Sprintf(`{"cniVersion":"1.0.0","name":"cbr0","plugins":[{"type":"bridge","bridge":"cni0","isDefaultGateway":true,"hairpinMode":true,"ipMasq":false,"ipam":{"type":"host-local","ranges":[[{"subnet":%q}]]}},{"type":"portmap","capabilities":{"portMappings":true}}]}`+"\n", pods)
	if now, _ := os.ReadFile(path); string(now) != content {
		writeFile(path, []byte(content), 0o600)
	}
}

// masquerade: pods reach the world by their node's address, and each other by their own.
func (n *node) masquerade(pods string) {
	rules := [][]string{
		{"nat", "POSTROUTING", "-s", pods, "!", "-d", pods, "-j", "MASQUERADE"},
		{"filter", "FORWARD", "-s", pods, "-j", "ACCEPT"},
		{"filter", "FORWARD", "-d", pods, "-j", "ACCEPT"},
	}
	for _, rule := range rules {
		table, chain, rest := rule[0], rule[1], append([]string{"-m", "comment", "--comment", "flannel masq"}, rule[2:]...)
		if exec.Command("iptables", append([]string{"-w", "-t", table, "-C", chain}, rest...)...).Run() != nil {
			exec.Command("iptables", append([]string{"-w", "-t", table, "-A", chain}, rest...)...).Run()
		}
	}
}
