package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// keepPolicies enforces NetworkPolicies for the pods of this node, as k3s does by kube-router's controller, whose module cannot be had
// here. What a node itself says to its pods is never held back, so probes go on.
func keepPolicies(ctx context.Context, n *node, client *api) {
	applied, said := "", ""
	for ctx.Err() == nil {
		view, err := client.policyView(ctx)
		if err == nil {
			applied, err = n.enforce(view.rules(n.name), applied)
		}
		if err != nil && err.Error() != said {
			said = err.Error()
			warning("network policies: %v", err)
		}
		time.Sleep(2 * time.Second)
	}
}

func (a *api) policyView(ctx context.Context) (policyView, error) {
	var policies struct{ Items []networkPolicy }
	var pods struct{ Items []policyPod }
	var namespaces struct{ Items []policyNamespace }
	err := errors.Join(
		a.get(ctx, "/apis/networking.k8s.io/v1/networkpolicies?resourceVersion=0", &policies),
		a.get(ctx, "/api/v1/pods?resourceVersion=0", &pods), a.get(ctx, "/api/v1/namespaces?resourceVersion=0", &namespaces),
	)
	return policyView{policies.Items, pods.Items, namespaces.Items}, err
}

// enforce brings the chains to what is wanted, and sees to it that packets come by them first. It returns what it applied.
func (n *node) enforce(chains map[string][]string, applied string) (string, error) {
	there, err := policyChains()
	if err != nil {
		return applied, err
	}
	text := restoreText(chains, there)
	if text != applied || !slices.Contains(there, policyChain) {
		command := exec.Command("iptables-restore", "--noflush", "--wait")
		command.Stdin = strings.NewReader(text)
		if output, err := command.CombinedOutput(); err != nil {
			return applied, fmt.Errorf("iptables-restore: %w: %s", err, strings.TrimSpace(string(output)))
		}
	}
	return text, errors.Join(comeFirst("FORWARD"), comeFirst("INPUT"))
}

// policyChains lists ours that are in the kernel.
func policyChains() ([]string, error) {
	output, err := exec.Command("iptables", "-w", "-S").Output()
	found := []string{}
	for _, line := range strings.Split(string(output), "\n") {
		if name, isChain := strings.CutPrefix(line, "-N "); isChain && strings.HasPrefix(name, policyChain) {
			found = append(found, name)
		}
	}
	return found, err
}

// restoreText declares each chain, which empties it, fills those that are wanted, and removes the others.
func restoreText(chains map[string][]string, there []string) string {
	names := slices.Sorted(maps.Keys(chains))
	gone := slices.DeleteFunc(slices.Clone(there), func(name string) bool { return slices.Contains(names, name) })
	lines := []string{"*filter"}
	for _, name := range slices.Concat(names, gone) {
		lines = append(lines, ":"+name+" - [0:0]")
	}
	for _, name := range names {
		for _, rule := range chains[name] {
			lines = append(lines, "-A "+name+" "+rule)
		}
	}
	for _, name := range gone {
		lines = append(lines, "-X "+name)
	}
	return strings.Join(append(lines, "COMMIT", ""), "\n")
}

// comeFirst puts the jump to our chain before all others, which may let packets pass.
func comeFirst(chain string) error {
	output, err := exec.Command("iptables", "-w", "-S", chain).Output()
	if err != nil {
		return err
	}
	rules := []string{}
	for _, line := range strings.Split(string(output), "\n") {
		if strings.HasPrefix(line, "-A ") {
			rules = append(rules, line)
		}
	}
	jump := "-A " + chain + " -j " + policyChain
	if len(rules) > 0 && rules[0] == jump {
		return nil
	}
	if slices.Contains(rules, jump) {
		exec.Command("iptables", "-w", "-D", chain, "-j", policyChain).Run()
	}
	return exec.Command("iptables", "-w", "-I", chain, "1", "-j", policyChain).Run()
}
