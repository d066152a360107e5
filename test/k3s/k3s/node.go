package main

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
)

// node is this machine as the cluster knows it.
type node struct {
	settings
	dataDir, name, address string
	// The port at which a server answers.
	port string
}

func newNode(role string, args []string) (*node, error) {
	given, err := loadSettings(role, args)
	if err != nil {
		return nil, err
	}
	n := &node{settings: given, dataDir: dataDirOf(given), port: given.text("https-listen-port", "6443")}
	if n.name, err = n.nodeName(); err != nil {
		return nil, err
	}
	n.address = strings.Split(given.text("node-ip", ""), ",")[0]
	if n.address == "" {
		n.address, err = defaultAddress(given.text("flannel-iface", ""))
	}
	return n, err
}

// bindAddress is where a server listens, and localURL where it reaches itself.
func (n *node) bindAddress() string { return n.text("bind-address", "0.0.0.0") }

func (n *node) localURL() string {
	host := n.bindAddress()
	if host == "0.0.0.0" {
		host = "127.0.0.1"
	}
	return "https://" + net.JoinHostPort(host, n.port)
}

func dataDirOf(given settings) string {
	if dir := given.text("data-dir", ""); dir != "" {
		return dir
	}
	home := os.Getenv("HOME")
	if os.Geteuid() == 0 || home == "" {
		return "/var/lib/rancher/k3s"
	}
	return filepath.Join(home, ".rancher/k3s")
}

func (n *node) path(parts ...string) string {
	return filepath.Join(append([]string{n.dataDir}, parts...)...)
}

func (n *node) nodeName() (string, error) {
	name := n.text("node-name", "")
	if name == "" {
		host, err := os.Hostname()
		if err != nil {
			return "", err
		}
		name = host
	}
	name = strings.ToLower(name)
	if n.is("with-node-id") {
		id, err := readOrMake("/etc/rancher/node/id", 4)
		return name + "-" + id, err
	}
	return name, nil
}

// defaultAddress is that of an interface, or of the way out.
func defaultAddress(device string) (string, error) {
	if device != "" {
		return addressOf(device)
	}
	routes, err := os.ReadFile("/proc/net/route")
	if err != nil {
		return "", err
	}
	for _, line := range strings.Split(string(routes), "\n") {
		if columns := strings.Fields(line); len(columns) > 7 && columns[1] == "00000000" && columns[7] == "00000000" {
			return addressOf(columns[0])
		}
	}
	return "", fmt.Errorf("no default routes found in \"/proc/net/route\" or \"/proc/net/ipv6_route\"")
}

func addressOf(device string) (string, error) {
	found, err := net.InterfaceByName(device)
	if err != nil {
		return "", fmt.Errorf("%s: %w", device, err)
	}
	addresses, err := found.Addrs()
	if err != nil {
		return "", err
	}
	for _, address := range addresses {
		if ip, _, err := net.ParseCIDR(address.String()); err == nil && ip.To4() != nil {
			return ip.String(), nil
		}
	}
	return "", fmt.Errorf("%s has no IPv4 address", device)
}

// readOrMake returns what a secret file of hexadecimal digits holds, and makes it first where it is not there.
func readOrMake(path string, bytes int) (string, error) {
	content, err := os.ReadFile(path)
	if err == nil {
		return strings.TrimSpace(string(content)), nil
	}
	if !os.IsNotExist(err) {
		return "", err
	}
	fresh := randomHex(bytes)
	return fresh, writeFile(path, []byte(fresh+"\n"), 0o600)
}

func randomHex(bytes int) string {
	random := make([]byte, bytes)
	rand.Read(random)
	return hex.EncodeToString(random)
}

// writeFile writes by rename, with the directories above.
func writeFile(path string, content []byte, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	fresh := path + ".new"
	if err := os.WriteFile(fresh, content, mode); err != nil {
		return err
	}
	if err := os.Chmod(fresh, mode); err != nil {
		return err
	}
	return os.Rename(fresh, path)
}
