package main

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// policyChain holds, for the node's own pods, what NetworkPolicies allow: a packet that comes to its end is let on.
const policyChain = "K3S-NETPOL"

// rules are those of a node: lines for iptables-restore by chain. Chains of pods that no policy selects are not there.
func (v policyView) rules(node string) map[string][]string {
	chains := map[string][]string{policyChain: {"-m conntrack --ctstate RELATED,ESTABLISHED -j RETURN"}}
	for _, pod := range v.pods {
		if pod.Spec.NodeName != node || !pod.reachable() {
			continue
		}
		for _, direction := range []string{"Ingress", "Egress"} {
			allowed, governed := v.allowed(pod, direction)
			if !governed {
				continue
			}
			chain := fmt.Sprintf("%s-%s-%s", policyChain, direction[:1], strings.ToUpper(hashOf([]byte(pod.Metadata.Namespace + "/" + pod.Metadata.Name))[:12]))
			chains[chain] = append(allowed, "-j REJECT --reject-with icmp-port-unreachable")
			side := map[string]string{"Ingress": "-d", "Egress": "-s"}[direction]
			chains[policyChain] = append(chains[policyChain], fmt.Sprintf("%s %s/32 -j %s", side, pod.Status.PodIP, chain))
		}
	}
	return chains
}

// allowed are the rules for a pod, and whether any policy selects it.
func (v policyView) allowed(pod policyPod, direction string) (rules []string, governed bool) {
	for _, policy := range v.policies {
		if policy.Metadata.Namespace != pod.Metadata.Namespace || !policy.governs(direction) || !policy.Spec.PodSelector.matches(pod.Metadata.Labels) {
			continue
		}
		governed = true
		for _, rule := range map[string][]policyRule{"Ingress": policy.Spec.Ingress, "Egress": policy.Spec.Egress}[direction] {
			rules = append(rules, v.rulesOf(pod, direction, rule)...)
		}
	}
	slices.Sort(rules)
	return slices.Compact(rules), governed
}

// target is an address, or a network, and the pod that has it, if it is one: names of ports are its own.
type target struct {
	network string
	pod     *policyPod
}

func (v policyView) rulesOf(pod policyPod, direction string, rule policyRule) []string {
	side, peers := "-s", rule.From
	if direction == "Egress" {
		side, peers = "-d", rule.To
	}
	rules := []string{}
	for _, other := range v.targets(pod.Metadata.Namespace, peers) {
		named := &pod
		if direction == "Egress" {
			named = other.pod
		}
		for _, match := range portMatches(rule.Ports, named) {
			rules = append(rules, strings.Join(strings.Fields(fmt.Sprintf("%s %s %s -j RETURN", side, other.network, match)), " "))
		}
	}
	return rules
}

// targets of no peers at all are everybody.
func (v policyView) targets(namespace string, peers []peer) []target {
	if len(peers) == 0 {
		return []target{{network: "0.0.0.0/0"}}
	}
	targets := []target{}
	for _, peer := range peers {
		if peer.IPBlock != nil {
			for _, network := range without(peer.IPBlock.CIDR, peer.IPBlock.Except) {
				targets = append(targets, target{network: network})
			}
			continue
		}
		for _, pod := range v.peers(namespace, peer) {
			targets = append(targets, target{pod.Status.PodIP + "/32", &pod})
		}
	}
	return targets
}

// portMatches says for each port how a packet to it is known; no ports are all ports. A name that the pod does not have is no port.
func portMatches(ports []policyPort, pod *policyPod) []string {
	if len(ports) == 0 {
		return []string{""}
	}
	matches := []string{}
	for _, port := range ports {
		protocol := port.Protocol
		if protocol == "" {
			protocol = "TCP"
		}
		match, number := "-p "+strings.ToLower(protocol), ""
		switch value := port.Port.(type) {
		case nil:
			matches = append(matches, match)
			continue
		case float64:
			number = strconv.Itoa(int(value))
		case string:
			found := false
			if pod != nil {
				number, found = pod.portNamed(value, protocol)
			}
			if !found {
				continue
			}
		}
		if port.EndPort > 0 {
			number += ":" + strconv.Itoa(port.EndPort)
		}
		matches = append(matches, match+" --dport "+number)
	}
	return matches
}

// without takes networks out of a network: what is left, as networks. Those of IPv6 are none of this cluster's.
func without(network string, excepts []string) []string {
	whole, err := netip.ParsePrefix(network)
	if err != nil || !whole.Addr().Is4() {
		return nil
	}
	for i, text := range excepts {
		except, err := netip.ParsePrefix(text)
		if err != nil || !whole.Overlaps(except) {
			continue
		}
		if except.Bits() <= whole.Bits() {
			return nil
		}
		left := []string{}
		for _, half := range halves(whole) {
			left = append(left, without(half, excepts[i:])...)
		}
		return left
	}
	return []string{whole.Masked().String()}
}

func halves(whole netip.Prefix) []string {
	low := whole.Masked().Addr().As4()
	high := low
	high[whole.Bits()/8] |= 0x80 >> (whole.Bits() % 8)
	bits := whole.Bits() + 1
	return []string{netip.PrefixFrom(netip.AddrFrom4(low), bits).String(), netip.PrefixFrom(netip.AddrFrom4(high), bits).String()}
}
