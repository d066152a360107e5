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
	"strconv"
	"strings"
	"syscall"
	"time"
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
	client, err := newAPI("https://"+net.JoinHostPort(apiserverAddress, c.port), c.tls("server-ca.crt"), c.tls("client-supervisor"))
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
	if err := startControlPlane(ctx, c, client, running); err != nil {
		return err
	}
	super.ready.Store(true)
	go super.watchReady(ctx)
	if err := writeKubeconfigs(c); err != nil {
		return err
	}
	if err := super.store.saveShared(ctx); err != nil {
		return err
	}
	go deployManifests(ctx, c, client)
	go tendServers(ctx, super)
	if err := super.store.takeSnapshots(ctx); err != nil {
		return err
	}
	info("Node token is available at %s", c.server("token"))
	info("To join server node to cluster: k3s server -s https://%s:%s -t ${SERVER_NODE_TOKEN}", c.address, c.port)
	info("Agent node token is available at %s", c.server("agent-token"))
	info("To join agent node to cluster: k3s agent -s https://%s:%s -t ${AGENT_NODE_TOKEN}", c.address, c.port)
	joining := newJoin("https://127.0.0.1:"+c.port, joinToken{user: "server", password: c.token}, c.serverCA.chain)
	if err := startAgent(ctx, n, running, joining, joining.url); err != nil {
		return err
	}
	info("k3s is up and running")
	notifyReady()
	return nil
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
	return c, errors.Join(c.keepEncryption(), os.MkdirAll(c.server("manifests"), 0o700))
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

func startControlPlane(ctx context.Context, c *cluster, client *api, running *parts) error {
	if err := writeCredentials(c); err != nil {
		return err
	}
	if err := running.start("kube-apiserver", append(apiserverArgs(c), passedOn(c.settings["kube-apiserver-arg"])...)...); err != nil {
		return err
	}
	err := poll(ctx, 5*time.Minute, "kube-apiserver", func() error {
		if client.isReady(ctx) {
			return nil
		}
		select {
		case err := <-running.ended:
			running.ended <- err
			return err
		default:
			return fmt.Errorf("apiserver not ready")
		}
	})
	if err != nil {
		return err
	}
	if err := running.start("kube-controller-manager", append(controllerArgs(c), passedOn(c.settings["kube-controller-manager-arg"])...)...); err != nil {
		return err
	}
	if c.is("disable-scheduler") {
		return nil
	}
	return running.start("kube-scheduler", append(schedulerArgs(c), passedOn(c.settings["kube-scheduler-arg"])...)...)
}

func apiserverArgs(c *cluster) []string {
	issuer := "https://kubernetes.default.svc." + c.text("cluster-domain", "cluster.local")
	args := []string{
		"--advertise-address=" + c.text("advertise-address", c.address), "--allow-privileged=true", "--anonymous-auth=false", "--api-audiences=" + issuer + ",k3s",
		"--authorization-mode=Node,RBAC", "--bind-address=" + apiserverAddress, "--permit-port-sharing=true", "--secure-port=" + c.port, "--cert-dir=" + c.tls("temporary-certs"),
		"--client-ca-file=" + c.tls("client-ca.crt"), "--enable-admission-plugins=NodeRestriction", "--enable-aggregator-routing=true", "--enable-bootstrap-token-auth=true",
		"--etcd-cafile=" + c.tls("etcd/server-ca.crt"), "--etcd-certfile=" + c.tls("etcd/client.crt"), "--etcd-keyfile=" + c.tls("etcd/client.key"), "--etcd-servers=https://127.0.0.1:2379",
		"--kubelet-certificate-authority=" + c.tls("server-ca.crt"), "--kubelet-client-certificate=" + c.tls("client-kube-apiserver.crt"), "--kubelet-client-key=" + c.tls("client-kube-apiserver.key"),
		"--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname", "--profiling=false",
		"--proxy-client-cert-file=" + c.tls("client-auth-proxy.crt"), "--proxy-client-key-file=" + c.tls("client-auth-proxy.key"), "--requestheader-allowed-names=system:auth-proxy",
		"--requestheader-client-ca-file=" + c.tls("request-header-ca.crt"), "--requestheader-extra-headers-prefix=X-Remote-Extra-", "--requestheader-group-headers=X-Remote-Group", "--requestheader-username-headers=X-Remote-User",
		"--service-account-issuer=" + issuer, "--service-account-key-file=" + c.tls("service.key"), "--service-account-signing-key-file=" + c.tls("service.key"),
		"--service-cluster-ip-range=" + c.serviceNetwork(), "--service-node-port-range=" + c.text("service-node-port-range", "30000-32767"), "--storage-backend=etcd3",
		"--tls-cert-file=" + c.tls("serving-kube-apiserver.crt"), "--tls-private-key-file=" + c.tls("serving-kube-apiserver.key"),
	}
	if config := c.server("cred/encryption-config.json"); len(readIfThere(config)) > 0 {
		args = append(args, "--encryption-provider-config="+config, "--encryption-provider-config-automatic-reload=true")
	}
	return args
}

func controllerArgs(c *cluster) []string {
	kubeconfig := c.server("cred/controller.kubeconfig")
	args := []string{
		"--allocate-node-cidrs=true", "--authentication-kubeconfig=" + kubeconfig, "--authorization-kubeconfig=" + kubeconfig, "--bind-address=127.0.0.1", "--cluster-cidr=" + c.podNetwork(),
		"--configure-cloud-routes=false", "--controllers=*,tokencleaner", "--kubeconfig=" + kubeconfig, "--profiling=false", "--root-ca-file=" + c.tls("server-ca.crt"), "--secure-port=10257",
		"--service-account-private-key-file=" + c.tls("service.key"), "--service-cluster-ip-range=" + c.serviceNetwork(), "--use-service-account-credentials=true",
	}
	for _, kind := range []string{"kube-apiserver-client:client", "kubelet-client:client", "kubelet-serving:server", "legacy-unknown:server"} {
		name, ca, _ := strings.Cut(kind, ":")
		args = append(args, fmt.Sprintf("--cluster-signing-%s-cert-file=%s", name, c.tls(ca+"-ca.crt")), fmt.Sprintf("--cluster-signing-%s-key-file=%s", name, c.tls(ca+"-ca.key")))
	}
	return args
}

func schedulerArgs(c *cluster) []string {
	kubeconfig := c.server("cred/scheduler.kubeconfig")
	return []string{"--authentication-kubeconfig=" + kubeconfig, "--authorization-kubeconfig=" + kubeconfig, "--bind-address=127.0.0.1", "--kubeconfig=" + kubeconfig, "--profiling=false", "--secure-port=10259"}
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
