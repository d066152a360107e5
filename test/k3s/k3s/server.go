package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"syscall"
)

func runServer(args []string) error {
	n, err := newNode("server", args)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if n.is("cluster-reset") {
		return resetCluster(ctx, n)
	}
	info("Starting k3s %s (%s)", version, commit)
	os.Remove(n.server("db/reset-flag"))
	running := newParts(n.dataDir)
	defer running.close()
	if err := startServer(ctx, n, running); err != nil {
		return orStopped(ctx, err)
	}
	return running.wait(ctx)
}

// wait returns when the program is told to stop, or a part ended by itself.
func (p *parts) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-p.ended:
		return err
	}
}

func orStopped(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func startServer(ctx context.Context, n *node, running *parts) error {
	c, err := prepareServer(ctx, n)
	if err != nil {
		return err
	}
	client, err := c.localAPI()
	if err != nil {
		return err
	}
	super := &supervisor{cluster: c, api: client, store: &etcd{c, running}}
	if err := super.listen(); err != nil {
		return err
	}
	if err := super.store.start(ctx); err != nil {
		return err
	}
	// Nothing of Kubernetes starts with a token that is not the cluster's.
	if err := super.store.saveShared(ctx); err != nil {
		return err
	}
	if err := startControlPlane(ctx, c, client, running); err != nil {
		return err
	}
	super.ready.Store(true)
	go super.watchReady(ctx)
	if err := writeKubeconfigs(c); err != nil {
		return err
	}
	go deployManifests(ctx, c, client)
	startControllers(ctx, c, client, running)
	go keepSnapshotFiles(ctx, super.store, client)
	go tendServers(ctx, super)
	if err := super.store.takeSnapshots(ctx); err != nil {
		return err
	}
	info("Node token is available at %s", c.server("token"))
	info("To join server node to cluster: k3s server -s https://%s:%s -t ${SERVER_NODE_TOKEN}", c.address, c.port)
	info("Agent node token is available at %s", c.server("agent-token"))
	info("To join agent node to cluster: k3s agent -s https://%s:%s -t ${AGENT_NODE_TOKEN}", c.address, c.port)
	joining := newJoin(c.localURL(), joinToken{user: "server", password: c.token}, c.serverCA.chain)
	if err := startAgent(ctx, n, running, joining, joining.url); err != nil {
		return err
	}
	info("k3s is up and running")
	notifyReady()
	return nil
}

// startControllers runs what k3s has beside Kubernetes' own controllers, each where it is not disabled.
func startControllers(ctx context.Context, c *cluster, client *api, running *parts) {
	l := lead(ctx, c, client)
	go keepNodeHosts(ctx, l)
	if !c.is("disable-helm-controller") {
		go keepCharts(ctx, l, running)
	}
	if !slices.Contains(c.disabled(), "servicelb") {
		go keepBalancers(ctx, l)
	}
}

// prepareServer brings certificates, keys and tokens together, from another server where there is one to join.
func prepareServer(ctx context.Context, n *node) (*cluster, error) {
	if n.text("server", "") != "" {
		if err := joinServers(ctx, n); err != nil {
			return nil, err
		}
	}
	c, err := loadCluster(n)
	if err != nil {
		return nil, err
	}
	if err := c.keepTokens(); err != nil {
		return nil, err
	}
	return c, errors.Join(c.keepEncryption(), os.MkdirAll(c.server("manifests"), 0o700), c.writePackaged())
}

// keepEncryption makes the key for secrets the first time.
func (c *cluster) keepEncryption() error {
	path := c.server("cred/encryption-config.json")
	if _, err := os.Stat(path); err == nil || !c.is("secrets-encryption") {
		return nil
	}
	key := make([]byte, 32)
	rand.Read(key)
	config := fmt.Sprintf(`{"kind":"EncryptionConfiguration","apiVersion":"apiserver.config.k8s.io/v1","resources":[{"resources":["secrets"],"providers":[{"aescbc":{"keys":[{"name":"aescbckey","secret":%q}]}},{"identity":{}}]}]}`, base64.StdEncoding.EncodeToString(key))
	return writeFile(path, []byte(config), 0o600)
}

// notifyReady tells systemd, where it asked for it.
func notifyReady() {
	socket := os.Getenv("NOTIFY_SOCKET")
	if socket == "" {
		return
	}
	if connection, err := net.Dial("unixgram", socket); err == nil {
		defer connection.Close()
		fmt.Fprint(connection, "READY=1\nMAINPID="+strconv.Itoa(os.Getpid()))
	}
}
