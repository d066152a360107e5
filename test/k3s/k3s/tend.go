package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	etcdNameKey    = "etcd.k3s.cattle.io/node-name"
	etcdAddressKey = "etcd.k3s.cattle.io/node-address"
	etcdFinalizer  = "wrangler.cattle.io/managed-etcd-controller"
)

// tendServers marks this server's Node with its roles, and takes members of deleted Nodes out of etcd.
func tendServers(ctx context.Context, s *supervisor) {
	known := map[string]bool{}
	for ctx.Err() == nil {
		nodes, err := s.api.nodes(ctx)
		if err == nil {
			s.forget(ctx, known, nodes)
			for _, other := range nodes {
				s.tend(ctx, other)
			}
		}
		time.Sleep(3 * time.Second)
	}
}

// forget takes away the passwords of Nodes that were deleted, so that others may come by their names.
func (s *supervisor) forget(ctx context.Context, known map[string]bool, nodes []clusterNode) {
	there := map[string]bool{}
	for _, other := range nodes {
		there[other.Metadata.Name], known[other.Metadata.Name] = true, true
	}
	for name := range known {
		if !there[name] && s.api.remove(ctx, secretsPath+"/"+name+".node-password.k3s") == nil {
			delete(known, name)
		}
	}
}

func (s *supervisor) tend(ctx context.Context, other clusterNode) {
	var err error
	switch {
	case other.Metadata.DeletionTimestamp != "" && slices.Contains(other.Metadata.Finalizers, etcdFinalizer):
		err = s.dismiss(ctx, other)
	case other.Metadata.Name == s.name:
		err = s.mark(ctx, other)
	}
	if err != nil {
		warning("node %s: %v", other.Metadata.Name, err)
	}
}

// mark gives this server's Node its roles; a kubelet may not do that itself.
func (s *supervisor) mark(ctx context.Context, own clusterNode) error {
	labels := map[string]string{"node-role.kubernetes.io/control-plane": "true", "node-role.kubernetes.io/master": "true"}
	metadata := map[string]any{"labels": labels}
	if s.isClustered() {
		name, err := s.store.memberName()
		if err != nil {
			return err
		}
		labels["node-role.kubernetes.io/etcd"] = "true"
		metadata["annotations"] = map[string]string{etcdNameKey: name, etcdAddressKey: s.address}
		metadata["finalizers"] = union(own.Metadata.Finalizers, []string{etcdFinalizer})
		if own.Metadata.Annotations[etcdNameKey] == name && own.Metadata.Labels["node-role.kubernetes.io/etcd"] == "true" && slices.Contains(own.Metadata.Finalizers, etcdFinalizer) {
			return nil
		}
	} else if own.Metadata.Labels["node-role.kubernetes.io/master"] == "true" {
		return nil
	}
	return s.api.merge(ctx, "/api/v1/nodes/"+own.Metadata.Name, map[string]any{"metadata": metadata})
}

// dismiss takes the member of a Node that is being deleted out of etcd, then lets the Node go, and its password with it.
func (s *supervisor) dismiss(ctx context.Context, gone clusterNode) error {
	members, err := s.store.members(ctx, s.store.local())
	if err != nil {
		return err
	}
	for _, member := range members {
		if member.Name == gone.Metadata.Annotations[etcdNameKey] && len(members) > 1 {
			info("Removing name=%s id=%d address=%s from etcd", member.Name, member.ID, strings.Join(member.PeerURLs, ","))
			if _, err := s.store.ctl(ctx, s.store.local(), "member", "remove", fmt.Sprintf("%x", member.ID)); err != nil {
				return err
			}
		}
	}
	left := slices.DeleteFunc(slices.Clone(gone.Metadata.Finalizers), func(name string) bool { return name == etcdFinalizer })
	return s.api.merge(ctx, "/api/v1/nodes/"+gone.Metadata.Name, map[string]any{"metadata": map[string]any{"finalizers": left}})
}
