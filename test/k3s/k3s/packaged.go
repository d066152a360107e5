package main

import (
	"embed"
	"errors"
	"io/fs"
	"net"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// What k3s brings along, written anew at each start: manifests into server/manifests, charts into server/static/charts.
//
//go:embed packaged all:charts
var packaged embed.FS

// writePackaged leaves out what `disable` names; what an earlier start placed of it is taken away by the deployer.
func (c *cluster) writePackaged() error {
	if err := c.writeCharts(); err != nil {
		return err
	}
	files, err := fs.ReadDir(packaged, "packaged")
	if err != nil {
		return err
	}
	for _, file := range files {
		into := c.server("manifests", file.Name())
		if c.isDisabled(into) || file.Name() == "traefik.yaml" && c.is("disable-helm-controller") {
			continue
		}
		content, err := packaged.ReadFile(path.Join("packaged", file.Name()))
		if err != nil {
			return err
		}
		if err := writeFile(into, []byte(c.filledIn(string(content))), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// filledIn puts the cluster's settings in the places that a manifest leaves for them.
func (c *cluster) filledIn(text string) string {
	registry := c.text("system-default-registry", "")
	prefix := "docker.io/"
	if registry != "" {
		prefix = registry + "/"
	}
	return strings.NewReplacer(
		"%{CLUSTER_DNS}%", c.dnsAddress(), "%{CLUSTER_DOMAIN}%", c.text("cluster-domain", "cluster.local"),
		"%{SYSTEM_DEFAULT_REGISTRY}%", prefix, "%{SYSTEM_DEFAULT_REGISTRY_RAW}%", registry,
	).Replace(text)
}

// image names one of the packaged images in the registry that they are to come from.
func (n *node) image(name string) string {
	if registry := n.text("system-default-registry", ""); registry != "" {
		return registry + "/" + strings.TrimPrefix(name, "docker.io/")
	}
	return name
}

// disabled are the names in `disable`.
func (n *node) disabled() []string {
	return strings.Split(strings.Join(n.settings["disable"], ","), ",")
}

func (n *node) isDisabled(file string) bool {
	return filepath.Ext(file) == ".skip" || slices.Contains(n.disabled(), addonName(file)) || slices.Contains(n.disabled(), filepath.Base(filepath.Dir(file)))
}

// writeCharts packs each chart as Helm takes it.
func (c *cluster) writeCharts() error {
	charts, err := fs.ReadDir(packaged, "charts")
	if err != nil {
		return err
	}
	for _, chart := range charts {
		content, err := packChart(packaged, "charts/"+chart.Name())
		if err != nil {
			return err
		}
		if err := writeFile(c.server("static/charts", chart.Name()+".tgz"), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// localAPI speaks to this server's own kube-apiserver.
func (n *node) localAPI() (*api, error) {
	client, err := newAPI("https://"+net.JoinHostPort(apiserverAddress, n.port), n.tls("server-ca.crt"), n.tls("client-supervisor"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, errors.New("this is no server, or it was never started")
	}
	return client, err
}
