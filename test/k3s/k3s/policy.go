package main

import (
	"slices"
	"strconv"
)

// networkPolicy, pod and namespace are what is needed of them to tell who may speak with whom.
type networkPolicy struct {
	Metadata meta `json:"metadata"`
	Spec     struct {
		PodSelector selector     `json:"podSelector"`
		PolicyTypes []string     `json:"policyTypes"`
		Ingress     []policyRule `json:"ingress"`
		Egress      []policyRule `json:"egress"`
	} `json:"spec"`
}

type meta struct {
	Name      string            `json:"name"`
	Namespace string            `json:"namespace"`
	Labels    map[string]string `json:"labels"`
}

// policyRule is one of ingress, with from, or of egress, with to.
type policyRule struct {
	From  []peer       `json:"from"`
	To    []peer       `json:"to"`
	Ports []policyPort `json:"ports"`
}

type peer struct {
	PodSelector       *selector `json:"podSelector"`
	NamespaceSelector *selector `json:"namespaceSelector"`
	IPBlock           *struct {
		CIDR   string   `json:"cidr"`
		Except []string `json:"except"`
	} `json:"ipBlock"`
}

type policyPort struct {
	Protocol string `json:"protocol"`
	// Port is a number or a name, EndPort the last of a span.
	Port    any `json:"port"`
	EndPort int `json:"endPort"`
}

type policyPod struct {
	Metadata meta `json:"metadata"`
	Spec     struct {
		NodeName    string `json:"nodeName"`
		HostNetwork bool   `json:"hostNetwork"`
		Containers  []struct {
			Ports []struct {
				Name          string `json:"name"`
				ContainerPort int    `json:"containerPort"`
				Protocol      string `json:"protocol"`
			} `json:"ports"`
		} `json:"containers"`
	} `json:"spec"`
	Status struct {
		Phase string `json:"phase"`
		PodIP string `json:"podIP"`
	} `json:"status"`
}

type policyNamespace struct {
	Metadata meta `json:"metadata"`
}

// policyView is the cluster as one look sees it.
type policyView struct {
	policies   []networkPolicy
	pods       []policyPod
	namespaces []policyNamespace
}

type selector struct {
	MatchLabels      map[string]string `json:"matchLabels"`
	MatchExpressions []struct {
		Key      string   `json:"key"`
		Operator string   `json:"operator"`
		Values   []string `json:"values"`
	} `json:"matchExpressions"`
}

func (s selector) matches(labels map[string]string) bool {
	for key, value := range s.MatchLabels {
		if has, there := labels[key]; !there || has != value {
			return false
		}
	}
	for _, expression := range s.MatchExpressions {
		value, there := labels[expression.Key]
		listed := there && slices.Contains(expression.Values, value)
		fits := map[string]bool{"In": listed, "NotIn": !listed, "Exists": there, "DoesNotExist": !there}
		if !fits[expression.Operator] {
			return false
		}
	}
	return true
}

// governs: a policy without types is for ingress, and for egress if it says anything of it.
func (p networkPolicy) governs(direction string) bool {
	if len(p.Spec.PolicyTypes) > 0 {
		return slices.Contains(p.Spec.PolicyTypes, direction)
	}
	return direction == "Ingress" || len(p.Spec.Egress) > 0
}

// reachable: a pod of its own address that has not ended.
func (p policyPod) reachable() bool {
	return p.Status.PodIP != "" && !p.Spec.HostNetwork && p.Status.Phase != "Succeeded" && p.Status.Phase != "Failed"
}

// portNamed looks a port's name up in a pod.
func (p policyPod) portNamed(name, protocol string) (string, bool) {
	for _, container := range p.Spec.Containers {
		for _, port := range container.Ports {
			if port.Name == name && (port.Protocol == protocol || port.Protocol == "" && protocol == "TCP") {
				return strconv.Itoa(port.ContainerPort), true
			}
		}
	}
	return "", false
}

// peers are the pods that a peer of a policy in a namespace means.
func (v policyView) peers(namespace string, wanted peer) []policyPod {
	found := []policyPod{}
	for _, pod := range v.pods {
		inside := pod.Metadata.Namespace == namespace
		if wanted.NamespaceSelector != nil {
			inside = slices.ContainsFunc(v.namespaces, func(n policyNamespace) bool {
				return n.Metadata.Name == pod.Metadata.Namespace && wanted.NamespaceSelector.matches(n.Metadata.Labels)
			})
		}
		if inside && pod.reachable() && (wanted.PodSelector == nil || wanted.PodSelector.matches(pod.Metadata.Labels)) {
			found = append(found, pod)
		}
	}
	return found
}
