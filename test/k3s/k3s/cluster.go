package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net"
	"os"
	"path/filepath"
	"strings"
)

// cluster is what all servers share: authorities, keys, tokens.
type cluster struct {
	*node
	serverCA, clientCA, headerCA, etcdServerCA, etcdPeerCA *issuer
	token, agentToken                                      string
	// tokenIsNew: the token given is another than the one that was used here; the datastore tells whether it is the right one now.
	tokenIsNew bool
}

// sharedFiles travel to a server that joins, and into the datastore, below <data-dir>/server.
var sharedFiles = []string{
	"tls/server-ca.crt", "tls/server-ca.key", "tls/client-ca.crt", "tls/client-ca.key", "tls/request-header-ca.crt", "tls/request-header-ca.key",
	"tls/etcd/server-ca.crt", "tls/etcd/server-ca.key", "tls/etcd/peer-ca.crt", "tls/etcd/peer-ca.key", "tls/service.key", "cred/encryption-config.json",
}

func (n *node) server(parts ...string) string { return n.path(append([]string{"server"}, parts...)...) }
func (n *node) tls(name string) string        { return n.server("tls", name) }

// loadCluster makes what is not there.
func loadCluster(n *node) (*cluster, error) {
	c := &cluster{node: n}
	authorities := []struct {
		into       **issuer
		path, name string
	}{
		{&c.serverCA, "server-ca", "k3s-server-ca"}, {&c.clientCA, "client-ca", "k3s-client-ca"}, {&c.headerCA, "request-header-ca", "k3s-request-header-ca"},
		{&c.etcdServerCA, "etcd/server-ca", "etcd-server-ca"}, {&c.etcdPeerCA, "etcd/peer-ca", "etcd-peer-ca"},
	}
	for _, wanted := range authorities {
		loaded, err := loadIssuer(n.tls(wanted.path), wanted.name)
		if err != nil {
			return nil, err
		}
		*wanted.into = loaded
	}
	if err := keepServiceKey(n.tls("service.key")); err != nil {
		return nil, err
	}
	return c, c.keepCertificates()
}

// keepCertificates sees to those of this server, where k3s has them.
func (c *cluster) keepCertificates() error {
	clients := map[string]leaf{
		"client-admin": {name: "system:admin", group: "system:masters"}, "client-supervisor": {name: "system:k3s-supervisor", group: "system:masters"},
		"client-controller": {name: "system:kube-controller-manager"}, "client-scheduler": {name: "system:kube-scheduler"},
		"client-kube-apiserver": {name: "system:apiserver", group: "system:masters"}, "client-kube-proxy": {name: "system:kube-proxy"},
	}
	for path, want := range clients {
		if err := c.clientCA.keep(c.tls(path), want); err != nil {
			return err
		}
	}
	serving := leaf{name: "kube-apiserver", hosts: c.hosts(), serves: true}
	etcd := leaf{name: "etcd-server", hosts: []string{"localhost", "127.0.0.1", c.address, c.name}, serves: true}
	peer := leaf{name: "etcd-peer", hosts: etcd.hosts, serves: true}
	for _, step := range []struct {
		ca   *issuer
		path string
		want leaf
	}{
		{c.headerCA, "client-auth-proxy", leaf{name: "system:auth-proxy"}}, {c.serverCA, "serving-kube-apiserver", serving},
		{c.etcdServerCA, "etcd/server-client", etcd}, {c.etcdServerCA, "etcd/client", leaf{name: "etcd-client"}}, {c.etcdPeerCA, "etcd/peer-server-client", peer},
	} {
		if err := step.ca.keep(c.tls(step.path), step.want); err != nil {
			return err
		}
	}
	return nil
}

// hosts are the names that a server answers to.
func (c *cluster) hosts() []string {
	domain := c.text("cluster-domain", "cluster.local")
	hosts := []string{"localhost", "127.0.0.1", apiserverAddress, "::1", c.address, c.name, c.serviceAddress(1), "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc." + domain}
	for _, listed := range append(append(append([]string{}, c.settings["tls-san"]...), c.settings["node-external-ip"]...), c.text("advertise-address", ""), c.bindAddress()) {
		hosts = append(hosts, strings.Split(listed, ",")...)
	}
	return hosts
}

// serviceAddress counts from the start of the services' network.
func (n *node) serviceAddress(number byte) string {
	ip, _, err := net.ParseCIDR(n.serviceNetwork())
	if err != nil || ip.To4() == nil {
		return "10.43.0.1"
	}
	address := ip.To4()
	address[3] += number
	return address.String()
}

func (n *node) serviceNetwork() string { return n.text("service-cidr", "10.43.0.0/16") }
func (n *node) podNetwork() string     { return n.text("cluster-cidr", "10.42.0.0/16") }
func (n *node) dnsAddress() string     { return n.text("cluster-dns", n.serviceAddress(10)) }

// keepServiceKey: service accounts' tokens are signed with RSA.
func keepServiceKey(path string) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	return writeFile(path, pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}), 0o600)
}

// readShared and writeShared carry the shared files, by path.
func (n *node) readShared() (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, path := range sharedFiles {
		content, err := os.ReadFile(n.server(path))
		if err != nil && !os.IsNotExist(err) {
			return nil, err
		}
		if err == nil {
			files[path] = content
		}
	}
	return files, nil
}

func (n *node) writeShared(files map[string][]byte) error {
	for _, path := range sharedFiles {
		content, there := files[path]
		if !there {
			continue
		}
		mode := os.FileMode(0o600)
		if filepath.Ext(path) == ".crt" {
			mode = 0o644
		}
		if err := writeFile(n.server(path), content, mode); err != nil {
			return err
		}
	}
	return nil
}
