package main

import (
	"fmt"
	"slices"
	"strings"
)

type object = map[string]any

// balancerFor is the DaemonSet that holds a Service's ports on the nodes, one container a port.
func (l *leader) balancerFor(s service, nodes []clusterNode) object {
	labels := object{"app": s.daemonSet(), lbPrefix + "svcname": s.Metadata.Name, lbPrefix + "svcnamespace": s.Metadata.Namespace}
	containers := []object{}
	for _, port := range s.Spec.Ports {
		containers = append(containers, l.balancerPort(s, port))
	}
	return object{
		"apiVersion": "apps/v1", "kind": "DaemonSet",
		"metadata": object{"name": s.daemonSet(), "namespace": "kube-system", "labels": object{
			"objectset.rio.cattle.io/owner-name": s.Metadata.Name, lbPrefix + "nodeselector": fmt.Sprint(isAllowList(nodes)),
			lbPrefix + "svcname": s.Metadata.Name, lbPrefix + "svcnamespace": s.Metadata.Namespace, lbPrefix + "svcuid": s.Metadata.UID,
		}},
		"spec": object{
			"selector":       object{"matchLabels": object{"app": s.daemonSet()}},
			"updateStrategy": object{"type": "RollingUpdate", "rollingUpdate": object{"maxUnavailable": 1}},
			"template": object{
				"metadata": object{"labels": merged(labels, object{lbPrefix + "svcuid": s.Metadata.UID})},
				"spec": object{
					"priorityClassName": "system-node-critical", "automountServiceAccountToken": false, "nodeSelector": nodeSelectorFor(s, nodes), "containers": containers,
					"tolerations": []object{
						{"key": "node-role.kubernetes.io/master", "operator": "Exists", "effect": "NoSchedule"},
						{"key": "node-role.kubernetes.io/control-plane", "operator": "Exists", "effect": "NoSchedule"},
						{"key": "CriticalAddonsOnly", "operator": "Exists"},
					},
				},
			},
		},
	}
}

func merged(some, others object) object {
	all := object{}
	for _, from := range []object{some, others} {
		for key, value := range from {
			all[key] = value
		}
	}
	return all
}

// balancerPort hands a port of the node on to the Service; where traffic is to stay on its node, to the port that the Service has there.
func (l *leader) balancerPort(s service, port servicePort) object {
	protocol := strings.ToLower(port.Protocol)
	variable := func(name, value string) object { return object{"name": name, "value": value} }
	ranges := s.Spec.LoadBalancerSourceRanges
	if len(ranges) == 0 {
		ranges = []string{"0.0.0.0/0"}
	}
	environment := []object{
		variable("SRC_PORT", fmt.Sprint(port.Port)), variable("SRC_RANGES", strings.Join(ranges, ",")), variable("DEST_PROTO", port.Protocol),
	}
	if s.Spec.ExternalTrafficPolicy == "Local" {
		host := object{"name": "DEST_IPS", "valueFrom": object{"fieldRef": object{"fieldPath": "status.hostIP"}}}
		environment = append(environment, host, variable("DEST_PORT", fmt.Sprint(port.NodePort)))
	} else {
		environment = append(environment, variable("DEST_IPS", s.Spec.ClusterIP), variable("DEST_PORT", fmt.Sprint(port.Port)))
	}
	return object{
		"name": fmt.Sprintf("lb-%s-%d", protocol, port.Port), "image": l.image(lbImage), "imagePullPolicy": "IfNotPresent", "env": environment,
		"ports":           []object{{"name": fmt.Sprintf("lb-%s-%d", protocol, port.Port), "containerPort": port.Port, "hostPort": port.Port, "protocol": port.Protocol}},
		"securityContext": object{"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": object{"drop": []string{"ALL"}}},
	}
}

// isAllowList: as soon as one node has the label, only nodes with it take part.
func isAllowList(nodes []clusterNode) bool {
	return slices.ContainsFunc(nodes, func(node clusterNode) bool { return node.Metadata.Labels[lbPrefix+"enablelb"] == "true" })
}

func nodeSelectorFor(s service, nodes []clusterNode) map[string]string {
	selector := map[string]string{"kubernetes.io/os": "linux"}
	if isAllowList(nodes) {
		selector[lbPrefix+"enablelb"] = "true"
		if pool := s.setting("lbpool"); pool != "" {
			selector[lbPrefix+"lbpool"] = pool
		}
	}
	return selector
}
