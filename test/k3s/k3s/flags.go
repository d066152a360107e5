package main

import (
	"os"
	"strings"
)

type flagKind int

const (
	text flagKind = iota
	toggle
	list
	// refused is a flag of k3s that this build has nothing behind: it says so rather than start without it.
	refused
	// idle is a flag that is true here anyhow, or concerns nothing that is here: test/k3s/README.md lists them. idleToggle is one without a value.
	idle
	idleToggle
)

var agentFlags = map[string]flagKind{
	"config": text, "data-dir": text, "token": text, "token-file": text, "server": text, "debug": toggle,
	"node-name": text, "with-node-id": toggle, "node-label": list, "node-taint": list, "node-ip": list, "node-external-ip": list,
	"kubelet-arg": list, "kube-proxy-arg": list, "resolv-conf": text, "lb-server-port": text, "pause-image": text, "private-registry": text,
	"snapshotter": text, "protect-kernel-defaults": toggle, "flannel-iface": text,
	"v": idle, "log": idle, "alsologtostderr": idleToggle, "selinux": refused, "prefer-bundled-bin": idleToggle, "default-runtime": refused, "disable-default-registry-endpoint": toggle,
	"nonroot-devices": refused, "disable-apiserver-lb": refused, "container-runtime-endpoint": refused, "docker": refused, "rootless": refused, "vpn-auth": refused, "vpn-auth-file": refused,
	"flannel-conf": refused, "flannel-cni-conf": refused, "image-service-endpoint": refused, "airgap-extra-registry": refused,
}

var serverFlags = map[string]flagKind{
	"https-listen-port": text, "bind-address": text, "advertise-address": text, "tls-san": list, "tls-san-security": idleToggle, "advertise-port": refused,
	"cluster-cidr": text, "service-cidr": text, "service-node-port-range": text, "cluster-dns": text, "cluster-domain": text,
	"flannel-backend": text, "flannel-ipv6-masq": refused, "flannel-external-ip": refused, "egress-selector-mode": idle, "servicelb-namespace": refused,
	"write-kubeconfig": text, "write-kubeconfig-mode": text, "write-kubeconfig-group": text,
	"cluster-init": toggle, "cluster-reset": toggle, "cluster-reset-restore-path": text, "agent-token": text, "agent-token-file": text,
	"kube-apiserver-arg": list, "kube-controller-manager-arg": list, "kube-scheduler-arg": list, "etcd-arg": list,
	"kube-cloud-controller-manager-arg": refused, "datastore-endpoint": refused, "datastore-cafile": refused, "datastore-certfile": refused, "datastore-keyfile": refused,
	"etcd-expose-metrics": toggle, "etcd-disable-snapshots": toggle, "etcd-snapshot-name": text, "etcd-snapshot-schedule-cron": text,
	"etcd-snapshot-retention": text, "etcd-snapshot-dir": text, "etcd-snapshot-compress": refused, "etcd-s3": refused,
	"disable": list, "disable-scheduler": toggle, "disable-cloud-controller": idleToggle, "disable-kube-proxy": toggle, "disable-network-policy": toggle,
	"disable-helm-controller": toggle, "disable-etcd": refused, "disable-apiserver": refused, "disable-controller-manager": refused, "disable-agent": refused,
	"secrets-encryption": toggle, "secrets-encryption-provider": refused, "embedded-registry": refused, "supervisor-metrics": refused,
	"default-local-storage-path": refused, "system-default-registry": text, "helm-job-image": refused, "enable-pprof": refused, "kine-tls": refused,
}

var shortFlags = map[string]string{"c": "config", "d": "data-dir", "t": "token", "s": "server", "o": "write-kubeconfig"}

// environmentOf tells which variable stands for a flag that is not given.
var environmentOf = map[string]string{
	"config": "K3S_CONFIG_FILE", "token": "K3S_TOKEN", "token-file": "K3S_TOKEN_FILE", "server": "K3S_URL", "node-name": "K3S_NODE_NAME", "data-dir": "K3S_DATA_DIR",
	"agent-token": "K3S_AGENT_TOKEN", "agent-token-file": "K3S_AGENT_TOKEN_FILE", "write-kubeconfig": "K3S_KUBECONFIG_OUTPUT",
	"write-kubeconfig-mode": "K3S_KUBECONFIG_MODE", "write-kubeconfig-group": "K3S_KUBECONFIG_GROUP", "resolv-conf": "K3S_RESOLV_CONF", "debug": "K3S_DEBUG",
	"cluster-init": "K3S_CLUSTER_INIT", "cluster-reset": "K3S_CLUSTER_RESET", "lb-server-port": "K3S_LB_SERVER_PORT",
}

func flagsOf(role string) map[string]flagKind {
	known := map[string]flagKind{}
	for name, kind := range agentFlags {
		known[name] = kind
	}
	for name, kind := range serverFlags {
		if role == "server" {
			known[name] = kind
		}
	}
	return known
}

// kindOf finds a flag; all of the S3 family are refused.
func kindOf(known map[string]flagKind, name string) (flagKind, bool) {
	if strings.HasPrefix(name, "etcd-s3") {
		_, server := known["etcd-s3"]
		return refused, server
	}
	kind, found := known[name]
	return kind, found
}

func fromEnvironment(name string) (string, bool) {
	variable := environmentOf[name]
	if variable == "" {
		return "", false
	}
	value := os.Getenv(variable)
	return value, value != ""
}
