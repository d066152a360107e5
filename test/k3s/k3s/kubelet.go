package main

import (
	"fmt"
	"os"
	"strings"
)

// startKubelet sets what k3s sets, by a file of defaults that files of the user beside it may change.
func startKubelet(n *node, running *parts, shared map[string]string, root string) error {
	directory := n.path("agent/etc/kubelet.conf.d")
	if err := os.MkdirAll(n.path("agent/pod-manifests"), 0o755); err != nil {
		return err
	}
	if err := writeFile(directory+"/00-k3s-defaults.conf", []byte(kubeletDefaults(n, shared, root)), 0o600); err != nil {
		return err
	}
	labels := append([]string{"node.kubernetes.io/instance-type=k3s"}, n.settings["node-label"]...)
	args := []string{"--config-dir=" + directory, "--hostname-override=" + n.name, "--kubeconfig=" + n.path("agent/kubelet.kubeconfig"), "--node-ip=" + n.text("node-ip", n.address), "--node-labels=" + strings.Join(labels, ",")}
	if taints := n.settings["node-taint"]; len(taints) > 0 {
		args = append(args, "--register-with-taints="+strings.Join(taints, ","))
	}
	return running.start("kubelet", append(args, passedOn(n.settings["kubelet-arg"])...)...)
}

func kubeletDefaults(n *node, shared map[string]string, root string) string {
	config := fmt.Sprintf(`apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication:
  anonymous: {enabled: false}
  webhook: {enabled: true, cacheTTL: 2m0s}
  x509: {clientCAFile: %s}
authorization: {mode: Webhook}
cgroupDriver: cgroupfs
clusterDNS: [%q]
clusterDomain: %s
containerRuntimeEndpoint: unix://%s
evictionHard: {imagefs.available: 5%%, nodefs.available: 5%%}
evictionMinimumReclaim: {imagefs.available: 10%%, nodefs.available: 10%%}
failSwapOn: false
healthzBindAddress: 127.0.0.1
protectKernelDefaults: %v
serializeImagePulls: false
staticPodPath: %s
tlsCertFile: %s
tlsPrivateKeyFile: %s
`, n.path("agent/client-ca.crt"), shared["cluster-dns"], shared["cluster-domain"], containerdSocket, n.is("protect-kernel-defaults"), n.path("agent/pod-manifests"), n.path("agent/serving-kubelet.crt"), n.path("agent/serving-kubelet.key"))
	if file := n.text("resolv-conf", ""); file != "" {
		config += fmt.Sprintf("resolvConf: %s\n", file)
	}
	if root != "" {
		config += fmt.Sprintf("cgroupRoot: %s\nenforceNodeAllocatable: []\nfailCgroupV1: false\n", root)
	}
	return config
}
