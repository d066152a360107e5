package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
)

// runKubectl uses the server's kubeconfig where the user names no other.
func runKubectl(args []string) error {
	given := slices.ContainsFunc(args, func(arg string) bool { return arg == "--kubeconfig" || strings.HasPrefix(arg, "--kubeconfig=") })
	if os.Getenv("KUBECONFIG") == "" && !given {
		if file, err := os.Open(kubeconfigFile); err == nil {
			file.Close()
			os.Setenv("KUBECONFIG", kubeconfigFile)
		} else if os.IsPermission(err) {
			warning("Unable to read %s, please start server with --write-kubeconfig-mode or --write-kubeconfig-group to modify kube config permissions", kubeconfigFile)
			return fmt.Errorf("error loading config file %q: %w", kubeconfigFile, err)
		}
	}
	return become("kubectl", args)
}

func runCtr(args []string) error {
	if os.Getenv("CONTAINERD_ADDRESS") == "" {
		os.Setenv("CONTAINERD_ADDRESS", containerdSocket)
	}
	if os.Getenv("CONTAINERD_NAMESPACE") == "" {
		os.Setenv("CONTAINERD_NAMESPACE", "k8s.io")
	}
	return become("ctr", args)
}

func runCrictl(args []string) error {
	if os.Getenv("CONTAINER_RUNTIME_ENDPOINT") == "" {
		os.Setenv("CONTAINER_RUNTIME_ENDPOINT", "unix://"+containerdSocket)
	}
	return become("crictl", args)
}

// become puts a part in this program's place.
func become(name string, args []string) error {
	dataDir := dataDirOf(settings{})
	// What root has unpacked serves everybody.
	if found, _ := os.Readlink("/var/lib/rancher/k3s/data/current"); found != "" {
		if _, err := os.Stat(found); err == nil {
			dataDir = "/var/lib/rancher/k3s"
		}
	}
	path, err := partPath(dataDir, name)
	if err != nil {
		return err
	}
	return syscall.Exec(path, append([]string{name}, args...), os.Environ())
}
