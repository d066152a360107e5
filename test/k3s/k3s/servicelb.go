package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	lbPrefix = "svccontroller.k3s.cattle.io/"
	lbImage  = "docker.io/rancher/klipper-lb:v0.4.13"
)

type service struct {
	Metadata struct {
		Name              string            `json:"name"`
		Namespace         string            `json:"namespace"`
		UID               string            `json:"uid"`
		Labels            map[string]string `json:"labels"`
		Annotations       map[string]string `json:"annotations"`
		DeletionTimestamp string            `json:"deletionTimestamp"`
	} `json:"metadata"`
	Spec struct {
		Type                     string        `json:"type"`
		ClusterIP                string        `json:"clusterIP"`
		LoadBalancerClass        string        `json:"loadBalancerClass"`
		ExternalTrafficPolicy    string        `json:"externalTrafficPolicy"`
		LoadBalancerSourceRanges []string      `json:"loadBalancerSourceRanges"`
		Ports                    []servicePort `json:"ports"`
	} `json:"spec"`
	Status struct {
		LoadBalancer struct {
			Ingress []ingressAddress `json:"ingress"`
		} `json:"loadBalancer"`
	} `json:"status"`
}

type servicePort struct {
	Protocol string `json:"protocol"`
	Port     int    `json:"port"`
	NodePort int    `json:"nodePort"`
}

type ingressAddress struct {
	IP     string `json:"ip"`
	IPMode string `json:"ipMode,omitempty"`
}

func (s service) isBalanced() bool {
	return s.Spec.Type == "LoadBalancer" && s.Spec.LoadBalancerClass == "" && s.Metadata.DeletionTimestamp == ""
}

// daemonSet is by the service's name and the start of its id, as k3s names it.
func (s service) daemonSet() string {
	return "svclb-" + s.Metadata.Name + "-" + strings.SplitN(s.Metadata.UID, "-", 2)[0]
}

// setting is a label or annotation of the load balancer's.
func (s service) setting(name string) string {
	if value := s.Metadata.Annotations[lbPrefix+name]; value != "" {
		return value
	}
	return s.Metadata.Labels[lbPrefix+name]
}

// keepBalancers gives each Service of type LoadBalancer the ports it wants on the nodes, and their addresses.
func keepBalancers(ctx context.Context, l *leader) {
	applied := map[string]string{}
	l.whileLeading(ctx, "servicelb", 2*time.Second, func(ctx context.Context) error { return l.balanceAll(ctx, applied) })
}

func (l *leader) balanceAll(ctx context.Context, applied map[string]string) error {
	var services struct{ Items []service }
	if err := l.api.get(ctx, "/api/v1/services", &services); err != nil {
		return err
	}
	nodes, err := l.api.nodes(ctx)
	if err != nil {
		return err
	}
	wanted := map[string]bool{}
	for _, service := range services.Items {
		if !service.isBalanced() {
			continue
		}
		wanted[service.Metadata.UID] = true
		if err := l.balance(ctx, service, nodes, applied); err != nil {
			return fmt.Errorf("%s/%s: %w", service.Metadata.Namespace, service.Metadata.Name, err)
		}
	}
	return l.dropBalancers(ctx, wanted)
}

// dropBalancers removes those whose Service is gone, or is none of this kind any more.
func (l *leader) dropBalancers(ctx context.Context, wanted map[string]bool) error {
	const path = "/apis/apps/v1/namespaces/kube-system/daemonsets"
	var sets struct {
		Items []struct {
			Metadata struct {
				Name   string
				Labels map[string]string
			}
		}
	}
	if err := l.api.get(ctx, path+"?labelSelector="+lbPrefix+"svcuid", &sets); err != nil {
		return err
	}
	for _, set := range sets.Items {
		if !wanted[set.Metadata.Labels[lbPrefix+"svcuid"]] {
			if err := l.api.remove(ctx, path+"/"+set.Metadata.Name); err != nil {
				return err
			}
		}
	}
	return nil
}

// balance keeps the DaemonSet, and tells in the Service's status where it answers.
func (l *leader) balance(ctx context.Context, s service, nodes []clusterNode, applied map[string]string) error {
	set := l.balancerFor(s, nodes)
	if sum := hashOfAll(set); applied[s.Metadata.UID] != sum {
		if err := l.api.apply(ctx, "/apis/apps/v1/namespaces/kube-system/daemonsets/"+s.daemonSet(), "servicelb", set); err != nil {
			return err
		}
		applied[s.Metadata.UID] = sum
		info("servicelb: applied DaemonSet %s for %s/%s", s.daemonSet(), s.Metadata.Namespace, s.Metadata.Name)
	}
	answering, err := l.answering(ctx, s)
	if err != nil {
		return err
	}
	ingress := ingressOf(nodes, answering)
	if slices.EqualFunc(ingress, s.Status.LoadBalancer.Ingress, func(a, b ingressAddress) bool { return a.IP == b.IP }) {
		return nil
	}
	path := fmt.Sprintf("/api/v1/namespaces/%s/services/%s/status", s.Metadata.Namespace, s.Metadata.Name)
	return l.api.merge(ctx, path, map[string]any{"status": map[string]any{"loadBalancer": map[string]any{"ingress": ingress}}})
}

// ingressOf lists the nodes' addresses: the external ones where a node has such.
func ingressOf(nodes []clusterNode, answering map[string]bool) []ingressAddress {
	all := []ingressAddress{}
	for _, node := range nodes {
		if !answering[node.Metadata.Name] {
			continue
		}
		outside := []ingressAddress{}
		for _, address := range node.Status.Addresses {
			if address.Type == "ExternalIP" {
				outside = append(outside, ingressAddress{IP: address.Address})
			}
		}
		if len(outside) == 0 {
			outside = append(outside, ingressAddress{IP: node.address()})
		}
		all = append(all, outside...)
	}
	slices.SortFunc(all, func(a, b ingressAddress) int { return strings.Compare(a.IP, b.IP) })
	return all
}

type lbPod struct {
	Spec   struct{ NodeName string }
	Status struct {
		Conditions []struct{ Type, Status string }
	}
}

// answering are the nodes with a ready pod of the balancer; for a Service that keeps traffic on its node, those with one of its own too.
func (l *leader) answering(ctx context.Context, s service) (map[string]bool, error) {
	var pods struct{ Items []lbPod }
	if err := l.api.get(ctx, "/api/v1/namespaces/kube-system/pods?labelSelector="+lbPrefix+"svcuid="+s.Metadata.UID, &pods); err != nil {
		return nil, err
	}
	local, err := l.servedOn(ctx, s)
	if err != nil {
		return nil, err
	}
	nodes := map[string]bool{}
	for _, pod := range pods.Items {
		for _, condition := range pod.Status.Conditions {
			if condition.Type == "Ready" && condition.Status == "True" && (s.Spec.ExternalTrafficPolicy != "Local" || local[pod.Spec.NodeName]) {
				nodes[pod.Spec.NodeName] = true
			}
		}
	}
	return nodes, nil
}

// servedOn are the nodes with ready endpoints of a Service.
func (l *leader) servedOn(ctx context.Context, s service) (map[string]bool, error) {
	nodes := map[string]bool{}
	if s.Spec.ExternalTrafficPolicy != "Local" {
		return nodes, nil
	}
	var slicesOf struct {
		Items []struct {
			Endpoints []struct {
				NodeName   string
				Conditions struct{ Ready *bool }
			}
		}
	}
	path := fmt.Sprintf("/apis/discovery.k8s.io/v1/namespaces/%s/endpointslices?labelSelector=kubernetes.io/service-name=%s", s.Metadata.Namespace, s.Metadata.Name)
	err := l.api.get(ctx, path, &slicesOf)
	for _, slice := range slicesOf.Items {
		for _, endpoint := range slice.Endpoints {
			if endpoint.Conditions.Ready == nil || *endpoint.Conditions.Ready {
				nodes[endpoint.NodeName] = true
			}
		}
	}
	return nodes, err
}
