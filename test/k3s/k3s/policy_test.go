package main

import (
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

func viewOf(t *testing.T, text string) policyView {
	t.Helper()
	var all struct {
		Policies   []networkPolicy
		Pods       []policyPod
		Namespaces []policyNamespace
	}
	if err := yaml.Unmarshal([]byte(text), &all); err != nil {
		t.Fatal(err)
	}
	return policyView{all.Policies, all.Pods, all.Namespaces}
}

const twoNamespaces = `
namespaces:
- metadata: {name: app, labels: {kubernetes.io/metadata.name: app}}
- metadata: {name: kube-system, labels: {kubernetes.io/metadata.name: kube-system}}
pods:
- metadata: {name: web, namespace: app, labels: {app: web}}
  spec: {nodeName: n1, containers: [{ports: [{name: http, containerPort: 8080}]}]}
  status: {phase: Running, podIP: 10.42.0.5}
- metadata: {name: db, namespace: app, labels: {app: db}}
  spec: {nodeName: n2}
  status: {phase: Running, podIP: 10.42.1.7}
- metadata: {name: traefik, namespace: kube-system, labels: {app: traefik}}
  spec: {nodeName: n2}
  status: {phase: Running, podIP: 10.42.1.8}
- metadata: {name: ended, namespace: app, labels: {app: web}}
  spec: {nodeName: n1}
  status: {phase: Succeeded, podIP: 10.42.0.9}
`

func chainWith(rules map[string][]string, part string) []string {
	for name, lines := range rules {
		if strings.HasPrefix(name, policyChain+"-"+part) {
			return lines
		}
	}
	return nil
}

const rejected = "-j REJECT --reject-with icmp-port-unreachable"

func TestAPolicyThatAllowsNothingDeniesAll(t *testing.T) {
	rules := viewOf(t, twoNamespaces+`
policies:
- metadata: {name: deny, namespace: app}
  spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
`).rules("n1")
	if len(rules) != 3 || !slices.Equal(chainWith(rules, "I"), []string{rejected}) || !slices.Equal(chainWith(rules, "E"), []string{rejected}) {
		t.Errorf("%q", rules)
	}
	if jumps := rules[policyChain]; len(jumps) != 3 || !strings.HasPrefix(jumps[1], "-d 10.42.0.5/32 -j K3S-NETPOL-I-") || !strings.HasPrefix(jumps[2], "-s 10.42.0.5/32 -j K3S-NETPOL-E-") {
		t.Errorf("%q", jumps)
	}
}

func TestWithoutPoliciesEverythingPasses(t *testing.T) {
	if rules := viewOf(t, twoNamespaces).rules("n1"); len(rules) != 1 || len(rules[policyChain]) != 1 {
		t.Errorf("%q", rules)
	}
}

func TestPeersPortsAndBlocks(t *testing.T) {
	for _, each := range []struct {
		name, spec, chain string
		want              []string
	}{
		{"a pod of another namespace, by a port's name", `
    ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}, podSelector: {matchLabels: {app: traefik}}}], ports: [{port: http}]}]`, "I", []string{"-s 10.42.1.8/32 -p tcp --dport 8080 -j RETURN"}},
		{"pods of the own namespace alone", `
    ingress: [{from: [{podSelector: {}}]}]`, "I", []string{"-s 10.42.0.5/32 -j RETURN", "-s 10.42.1.7/32 -j RETURN"}},
		{"an expression", `
    ingress: [{from: [{podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [web]}]}}]}]`, "I", []string{"-s 10.42.1.7/32 -j RETURN"}},
		{"everybody at some ports", `
    ingress: [{ports: [{port: 80, endPort: 90}, {protocol: UDP, port: 53}]}]`, "I", []string{"-s 0.0.0.0/0 -p tcp --dport 80:90 -j RETURN", "-s 0.0.0.0/0 -p udp --dport 53 -j RETURN"}},
		{"a name that the pod does not have", `
    ingress: [{ports: [{port: none}]}]`, "I", nil},
		{"egress to a block with a hole", `
    policyTypes: [Egress]
    egress: [{to: [{ipBlock: {cidr: 10.0.0.0/30, except: [10.0.0.1/32]}}]}]`, "E", []string{"-d 10.0.0.0/32 -j RETURN", "-d 10.0.0.2/31 -j RETURN"}},
		{"an empty rule is everybody", `
    policyTypes: [Egress]
    egress: [{}]`, "E", []string{"-d 0.0.0.0/0 -j RETURN"}},
	} {
		rules := viewOf(t, twoNamespaces+"policies:\n- metadata: {name: p, namespace: app}\n  spec:\n    podSelector: {matchLabels: {app: web}}"+each.spec+"\n").rules("n1")
		if got := chainWith(rules, each.chain); !slices.Equal(got, append(each.want, rejected)) {
			t.Errorf("%s: %q", each.name, got)
		}
		if len(rules) != 2 {
			t.Errorf("%s: the other direction is not free: %q", each.name, rules)
		}
	}
}

func TestChainsOfPodsThatAreGoneAreRemoved(t *testing.T) {
	text := restoreText(map[string][]string{policyChain: {"-j RETURN"}}, []string{policyChain, policyChain + "-I-OLD"})
	if want := "*filter\n:K3S-NETPOL - [0:0]\n:K3S-NETPOL-I-OLD - [0:0]\n-A K3S-NETPOL -j RETURN\n-X K3S-NETPOL-I-OLD\nCOMMIT\n"; text != want {
		t.Error(text)
	}
}
