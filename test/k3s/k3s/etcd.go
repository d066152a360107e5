package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
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
