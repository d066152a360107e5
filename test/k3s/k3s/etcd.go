package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// etcd is the datastore of one server. A single server has it too, where k3s has SQLite: in a directory of its own, until it is
// started with cluster-init.
type etcd struct {
	*cluster
	parts *parts
}

func (e *etcd) dir() string {
	if e.isClustered() {
		return e.server("db/etcd")
	}
	return e.server("db/state.db")
}

// isClustered: cluster-init or server is given, or was once.
func (n *node) isClustered() bool {
	_, err := os.Stat(n.server("db/etcd/member"))
	return err == nil || n.is("cluster-init") || n.text("server", "") != "" || n.is("cluster-reset")
}

func (e *etcd) clientFlags() []string {
	return []string{"--cacert=" + e.tls("etcd/server-ca.crt"), "--cert=" + e.tls("etcd/client.crt"), "--key=" + e.tls("etcd/client.key"), "--command-timeout=8s", "--dial-timeout=5s"}
}

func (e *etcd) ctl(ctx context.Context, endpoints string, args ...string) (string, error) {
	return e.parts.output(ctx, "etcdctl", append(append(e.clientFlags(), "--endpoints="+endpoints), args...)...)
}

func (e *etcd) local() string   { return "https://127.0.0.1:2379" }
func (e *etcd) peerURL() string { return fmt.Sprintf("https://%s:2380", e.address) }

// memberName is kept: a node that lost its disk comes back by another name.
func (e *etcd) memberName() (string, error) {
	content, err := os.ReadFile(filepath.Join(e.dir(), "name"))
	if err == nil {
		return strings.TrimSpace(string(content)), nil
	}
	name := e.name + "-" + randomHex(4)
	return name, writeFile(filepath.Join(e.dir(), "name"), []byte(name), 0o600)
}

// start runs etcd: alone, as the first of a cluster, as one that was a member before, or as one that joins.
func (e *etcd) start(ctx context.Context) error {
	if err := errors.Join(e.moveSingle(), os.MkdirAll(e.dir(), 0o700)); err != nil {
		return err
	}
	name, err := e.memberName()
	if err != nil {
		return err
	}
	_, missing := os.Stat(filepath.Join(e.dir(), "member"))
	joins := missing != nil && e.text("server", "") != ""
	more := []string{"--initial-cluster=" + name + "=" + e.peerURL(), "--initial-cluster-state=new"}
	switch {
	case missing == nil:
		info("Managed etcd cluster bootstrap already complete and initialized")
	case joins:
		if more, err = e.addMember(ctx, name); err != nil {
			return fmt.Errorf("etcd cluster join failed: %w", err)
		}
	default:
		info("Managed etcd cluster initializing")
	}
	if err := e.run(name, more...); err != nil {
		return err
	}
	if joins {
		return e.promote(ctx, name)
	}
	return e.wait(ctx)
}

func (e *etcd) run(name string, more ...string) error {
	args := []string{
		"--name=" + name, "--data-dir=" + e.dir(), "--logger=zap", "--log-level=warn", "--log-outputs=stderr", "--snapshot-count=10000", "--heartbeat-interval=500", "--election-timeout=5000",
		"--listen-client-urls=https://127.0.0.1:2379,https://" + e.address + ":2379", "--advertise-client-urls=https://" + e.address + ":2379",
		"--listen-peer-urls=https://127.0.0.1:2380,https://" + e.address + ":2380", "--initial-advertise-peer-urls=" + e.peerURL(),
		"--client-cert-auth", "--trusted-ca-file=" + e.tls("etcd/server-ca.crt"), "--cert-file=" + e.tls("etcd/server-client.crt"), "--key-file=" + e.tls("etcd/server-client.key"),
		"--peer-client-cert-auth", "--peer-trusted-ca-file=" + e.tls("etcd/peer-ca.crt"), "--peer-cert-file=" + e.tls("etcd/peer-server-client.crt"), "--peer-key-file=" + e.tls("etcd/peer-server-client.key"),
	}
	metrics := "http://127.0.0.1:2381"
	if e.is("etcd-expose-metrics") {
		metrics += ",http://" + e.address + ":2381"
	}
	args = append(args, "--listen-metrics-urls="+metrics)
	return e.parts.start("etcd", append(append(args, more...), passedOn(e.settings["etcd-arg"])...)...)
}

// passedOn makes flags of the values of the …-arg settings.
func passedOn(values []string) []string {
	flags := []string{}
	for _, value := range values {
		flags = append(flags, "--"+strings.TrimLeft(value, "-"))
	}
	return flags
}

func (e *etcd) wait(ctx context.Context) error {
	return poll(ctx, 2*time.Minute, "etcd", func() error {
		_, err := e.ctl(ctx, e.local(), "endpoint", "health")
		return err
	})
}

type member struct {
	ID         uint64   `json:"ID"`
	Name       string   `json:"name"`
	PeerURLs   []string `json:"peerURLs"`
	ClientURLs []string `json:"clientURLs"`
	IsLearner  bool     `json:"isLearner"`
}

func (e *etcd) members(ctx context.Context, endpoints string) ([]member, error) {
	output, err := e.ctl(ctx, endpoints, "member", "list", "--write-out=json")
	if err != nil {
		return nil, err
	}
	var listed struct{ Members []member }
	return listed.Members, json.Unmarshal([]byte(output), &listed)
}

// addMember announces this server as a learner. One that was announced before and never came is taken out first.
func (e *etcd) addMember(ctx context.Context, name string) ([]string, error) {
	endpoints, err := e.reachable(ctx)
	if err != nil {
		return nil, err
	}
	members, err := e.members(ctx, endpoints)
	if err != nil {
		return nil, err
	}
	listed := []string{name + "=" + e.peerURL()}
	for _, other := range members {
		atOurs := slices.Contains(other.PeerURLs, e.peerURL())
		switch {
		case atOurs && (other.Name == "" || other.Name == name):
			if _, err := e.ctl(ctx, endpoints, "member", "remove", fmt.Sprintf("%x", other.ID)); err != nil {
				return nil, err
			}
		case atOurs || strings.HasPrefix(other.Name, e.name+"-") && len(other.Name) == len(e.name)+9:
			return nil, fmt.Errorf("duplicate node name found, please use a unique name for this node")
		default:
			for _, url := range other.PeerURLs {
				listed = append(listed, other.Name+"="+url)
			}
		}
	}
	if _, err := e.ctl(ctx, endpoints, "member", "add", name, "--learner", "--peer-urls="+e.peerURL()); err != nil {
		return nil, err
	}
	info("Adding member %s=%s to etcd cluster %v", name, e.peerURL(), listed)
	return []string{"--initial-cluster=" + strings.Join(listed, ","), "--initial-cluster-state=existing"}, nil
}

// reachable are the client addresses of the cluster's members, as the server that is joined tells them.
func (e *etcd) reachable(ctx context.Context) (string, error) {
	seed := fmt.Sprintf("https://%s:2379", hostOf(e.text("server", "")))
	var known struct{ Endpoints []string }
	token, err := parseToken(e.token, "server")
	if err != nil {
		return "", err
	}
	err = newJoin(e.text("server", ""), token, e.serverCA.chain).json(ctx, "/db/info", &known)
	if err != nil || len(known.Endpoints) == 0 {
		return seed, nil
	}
	return strings.Join(known.Endpoints, ","), nil
}

// promote waits until the learner has caught up.
func (e *etcd) promote(ctx context.Context, name string) error {
	endpoints, err := e.reachable(ctx)
	if err != nil {
		return err
	}
	return poll(ctx, 3*time.Minute, "the promotion of this etcd member", func() error {
		members, err := e.members(ctx, endpoints)
		if err != nil {
			return err
		}
		for _, other := range members {
			if slices.Contains(other.PeerURLs, e.peerURL()) {
				if !other.IsLearner {
					return e.wait(ctx)
				}
				_, err := e.ctl(ctx, endpoints, "member", "promote", fmt.Sprintf("%x", other.ID))
				return errors.Join(err, errors.New("just promoted"))
			}
		}
		return fmt.Errorf("%s is not a member", name)
	})
}

// moveSingle keeps apart what a server without cluster-init has, and takes it over when cluster-init comes.
func (e *etcd) moveSingle() error {
	single := e.server("db/state.db")
	if _, err := os.Stat(filepath.Join(single, "member")); err != nil || !e.isClustered() {
		return nil
	}
	info("Migrating content from sqlite to etcd")
	return errors.Join(os.RemoveAll(e.dir()), os.Rename(single, e.dir()))
}

func poll(ctx context.Context, patience time.Duration, what string, try func() error) error {
	until := time.Now().Add(patience)
	for {
		err := try()
		if err == nil {
			return nil
		}
		if time.Now().After(until) || ctx.Err() != nil {
			return fmt.Errorf("timed out waiting for %s: %w", what, err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}
