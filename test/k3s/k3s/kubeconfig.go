package main

import (
	"encoding/base64"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
)

const kubeconfigFile = "/etc/rancher/k3s/k3s.yaml"

// writeKubeconfigs writes the administrator's, with everything inside, for its owner alone unless told otherwise.
func writeKubeconfigs(c *cluster) error {
	path := c.text("write-kubeconfig", kubeconfigFile)
	mode, err := strconv.ParseUint(c.text("write-kubeconfig-mode", "0600"), 8, 32)
	if err != nil {
		return fmt.Errorf("invalid write-kubeconfig-mode: %w", err)
	}
	content, err := adminKubeconfig(c)
	if err != nil {
		return err
	}
	if err := writeFile(path, content, os.FileMode(mode)); err != nil {
		return err
	}
	if name := c.text("write-kubeconfig-group", ""); name != "" {
		if err := giveToGroup(path, name); err != nil {
			return err
		}
	}
	info("Wrote kubeconfig %s", path)
	info("Run: k3s kubectl")
	return writeFile(c.server("cred/admin.kubeconfig"), content, 0o600)
}

func giveToGroup(path, name string) error {
	group, err := user.LookupGroup(name)
	if err != nil {
		return err
	}
	id, err := strconv.Atoi(group.Gid)
	if err != nil {
		return err
	}
	return os.Chown(path, -1, id)
}

func adminKubeconfig(c *cluster) ([]byte, error) {
	cert, err := os.ReadFile(c.tls("client-admin.crt"))
	if err != nil {
		return nil, err
	}
	key, err := os.ReadFile(c.tls("client-admin.key"))
	if err != nil {
		return nil, err
	}
	encode := base64.StdEncoding.EncodeToString
	return []byte(fmt.Sprintf(`apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: %s
    server: %s
  name: default
contexts:
- context:
    cluster: default
    user: default
  name: default
current-context: default
kind: Config
preferences: {}
users:
- name: default
  user:
    client-certificate-data: %s
    client-key-data: %s
`, encode(c.serverCA.chain), c.localURL(), encode(cert), encode(key))), nil
}

// writeKubeconfig is one of a part: it names the files.
func writeKubeconfig(path, server, authority, identity string) error {
	content := fmt.Sprintf(`apiVersion: v1
clusters:
- cluster:
    certificate-authority: %s
    server: %s
  name: local
contexts:
- context:
    cluster: local
    user: user
  name: Default
current-context: Default
kind: Config
users:
- name: user
  user:
    client-certificate: %s.crt
    client-key: %s.key
`, authority, server, identity, identity)
	return writeFile(filepath.Clean(path), []byte(content), 0o600)
}

func writeCredentials(c *cluster) error {
	server := "https://" + apiserverAddress + ":" + c.port
	for _, name := range []string{"controller", "scheduler", "supervisor"} {
		if err := writeKubeconfig(c.server("cred/"+name+".kubeconfig"), server, c.tls("server-ca.crt"), c.tls("client-"+name)); err != nil {
			return err
		}
	}
	return nil
}
