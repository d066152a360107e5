package main

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// startControlPlane runs kube-apiserver, waits for it, and runs what needs it.
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
