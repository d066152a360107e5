package main

import (
	"context"
	"errors"
	"os/signal"
	"syscall"
	"time"
)

func runAgent(args []string) error {
	n, err := newNode("agent", args)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	running := newParts(n.dataDir)
	defer running.close()
	info("Starting k3s agent %s (%s)", version, commit)
	if err := joinAsAgent(ctx, n, running); err != nil {
		return orStopped(ctx, err)
	}
	info("k3s agent is up and running")
	notifyReady()
	return running.wait(ctx)
}

func joinAsAgent(ctx context.Context, n *node, running *parts) error {
	server := n.text("server", "")
	if server == "" {
		return errors.New("--server is required")
	}
	token, err := n.tokenToJoin("node", "--token is required")
	if err != nil {
		return err
	}
	balancer, err := startBalancer(n, server)
	if err != nil {
		return err
	}
	var authority []byte
	err = poll(ctx, time.Hour, server, func() error {
		authority, err = fetchAuthority(balancer.url, token)
		if err != nil {
			warning("%v", err)
		}
		return err
	})
	if err != nil {
		return err
	}
	joining := newJoin(balancer.url, token, authority)
	go balancer.follow(ctx, joining)
	if err := writeFile(n.path("agent/server-ca.crt"), authority, 0o644); err != nil {
		return err
	}
	return startAgent(ctx, n, running, joining, balancer.url)
}

// startAgent makes a machine a node: on agents and on servers alike.
func startAgent(ctx context.Context, n *node, running *parts, from *join, server string) error {
	var shared map[string]string
	if err := n.collect(ctx, from, &shared); err != nil {
		return err
	}
	root, err := prepareHost(n)
	if err != nil {
		return err
	}
	if err := startContainerd(ctx, n, running); err != nil {
		return err
	}
	for _, name := range []string{"kubelet", "kube-proxy"} {
		if err := writeKubeconfig(n.path("agent", name+".kubeconfig"), server, n.path("agent/server-ca.crt"), n.path("agent/client-"+name)); err != nil {
			return err
		}
	}
	if err := startKubelet(n, running, shared, root); err != nil {
		return err
	}
	client, err := newAPI(server, n.path("agent/server-ca.crt"), n.path("agent/client-kube-proxy"))
	if err != nil {
		return err
	}
	go keepNetwork(ctx, n, client, shared["cluster-cidr"])
	if shared["disable-network-policy"] != "true" {
		reader, err := newAPI(server, n.path("agent/server-ca.crt"), n.path("agent/client-k3s-controller"))
		if err != nil {
			return err
		}
		go keepPolicies(ctx, n, reader)
	}
	if n.is("disable-kube-proxy") {
		return nil
	}
	return running.start("kube-proxy", append([]string{
		"--cluster-cidr=" + shared["cluster-cidr"], "--conntrack-max-per-core=0", "--conntrack-tcp-timeout-close-wait=0s", "--conntrack-tcp-timeout-established=0s",
		"--healthz-bind-address=127.0.0.1", "--hostname-override=" + n.name, "--kubeconfig=" + n.path("agent/kube-proxy.kubeconfig"), "--proxy-mode=iptables",
	}, passedOn(n.settings["kube-proxy-arg"])...)...)
}

// collect gets the node's certificates and the cluster's settings, as soon as the server can give them.
func (n *node) collect(ctx context.Context, from *join, shared *map[string]string) error {
	password, err := readOrMake(nodePasswordFile, 16)
	if err != nil {
		return err
	}
	said := ""
	return poll(ctx, time.Hour, "the server", func() error {
		err := n.collectOnce(ctx, from, password, shared)
		if err != nil && err.Error() != said {
			said = err.Error()
			info("Waiting to retrieve agent configuration; server is not ready: %v", err)
		}
		return err
	})
}

func (n *node) collectOnce(ctx context.Context, from *join, password string, shared *map[string]string) error {
	if err := from.json(ctx, "/v1-k3s/config", shared); err != nil {
		return err
	}
	clients, err := from.call(ctx, "GET", "/v1-k3s/client-ca.crt", nil, nil)
	if err != nil {
		return err
	}
	if err := writeFile(n.path("agent/client-ca.crt"), clients, 0o644); err != nil {
		return err
	}
	authority, err := from.call(ctx, "GET", "/cacerts", nil, nil)
	if err != nil {
		return err
	}
	if err := writeFile(n.path("agent/server-ca.crt"), authority, 0o644); err != nil {
		return err
	}
	for _, kind := range []string{"client-kubelet", "serving-kubelet", "client-kube-proxy", "client-k3s-controller"} {
		if err := from.certificate(ctx, n, kind, password, n.path("agent", kind)); err != nil {
			return err
		}
	}
	return nil
}
