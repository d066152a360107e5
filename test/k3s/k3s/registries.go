package main

import (
	"encoding/base64"
	"fmt"
	"os"
	"strings"

	"sigs.k8s.io/yaml"
)

// registries is /etc/rancher/k3s/registries.yaml.
type registries struct {
	Mirrors map[string]struct {
		Endpoint []string          `json:"endpoint"`
		Rewrite  map[string]string `json:"rewrite"`
	} `json:"mirrors"`
	Configs map[string]struct {
		Auth *struct{ Username, Password, Auth string } `json:"auth"`
		TLS  *struct {
			CA       string `json:"ca_file"`
			Cert     string `json:"cert_file"`
			Key      string `json:"key_file"`
			Insecure bool   `json:"insecure_skip_verify"`
		} `json:"tls"`
	} `json:"configs"`
}

// writeRegistries makes containerd's files of it: one directory a registry.
func writeRegistries(n *node) error {
	directory := n.path("agent/etc/containerd/certs.d")
	if err := os.RemoveAll(directory); err != nil {
		return err
	}
	content, err := os.ReadFile(n.text("private-registry", "/etc/rancher/k3s/registries.yaml"))
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	var given registries
	if err := yaml.Unmarshal(content, &given); err != nil {
		return fmt.Errorf("registries.yaml: %w", err)
	}
	for name, mirror := range given.Mirrors {
		if len(mirror.Rewrite) > 0 {
			return fmt.Errorf("registries.yaml: rewrite of %s is not done by lab k3s", name)
		}
		path := name
		if name == "*" {
			path = "_default"
		}
		if err := writeFile(directory+"/"+path+"/hosts.toml", []byte(fallback(n, mirror.Endpoint)+given.hosts(mirror.Endpoint)), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// fallback is where containerd asks last: the registry itself, unless that is disabled, which leaves the mirrors alone.
func fallback(n *node, endpoints []string) string {
	if !n.is("disable-default-registry-endpoint") || len(endpoints) == 0 {
		return ""
	}
	return fmt.Sprintf("server = %q\n", endpoints[len(endpoints)-1])
}

func (r registries) hosts(endpoints []string) string {
	text := ""
	for _, endpoint := range endpoints {
		text += fmt.Sprintf("[host.%q]\n  capabilities = [\"pull\", \"resolve\"]\n", endpoint)
		_, host, _ := strings.Cut(endpoint, "://")
		host, _, _ = strings.Cut(host, "/")
		config := r.Configs[host]
		if tls := config.TLS; tls != nil {
			text += fmt.Sprintf("  skip_verify = %v\n", tls.Insecure)
			if tls.CA != "" {
				text += fmt.Sprintf("  ca = %q\n", tls.CA)
			}
			if tls.Cert != "" {
				text += fmt.Sprintf("  client = [[%q, %q]]\n", tls.Cert, tls.Key)
			}
		}
		if auth := config.Auth; auth != nil {
			basic := auth.Auth
			if basic == "" {
				basic = base64.StdEncoding.EncodeToString([]byte(auth.Username + ":" + auth.Password))
			}
			text += fmt.Sprintf("  [host.%q.header]\n    Authorization = [%q]\n", endpoint, "Basic "+basic)
		}
	}
	return text
}
