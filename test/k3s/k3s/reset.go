package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// resetCluster makes this server the only member of its etcd cluster, from its own data or from a snapshot, and ends.
func resetCluster(ctx context.Context, n *node) error {
	if n.text("server", "") != "" {
		return errors.New("cannot perform cluster-reset while server URL is set - remove server from configuration before resetting")
	}
	flag := n.server("db/reset-flag")
	if _, err := os.Stat(flag); err == nil {
		return fmt.Errorf("Managed etcd cluster membership was previously reset, please remove the cluster-reset flag and start k3s normally. If you need to perform another cluster reset, you must first manually delete the file at %s", flag)
	}
	c, err := prepareServer(ctx, n)
	if err != nil {
		return err
	}
	running := newParts(n.dataDir)
	defer running.close()
	store := &etcd{c, running}
	if snapshot := n.text("cluster-reset-restore-path", ""); snapshot != "" {
		if err := store.restore(ctx, snapshot); err != nil {
			return err
		}
	}
	if err := store.becomeOnly(ctx); err != nil {
		return err
	}
	if err := writeFile(flag, nil, 0o600); err != nil {
		return err
	}
	info("Managed etcd cluster membership has been reset, restart without --cluster-reset flag now. Backup and delete ${datadir}/server/db on each peer etcd server and rejoin the nodes")
	return nil
}

// restore puts a snapshot in the data's place; what was there stays beside it.
func (e *etcd) restore(ctx context.Context, snapshot string) error {
	if _, err := os.Stat(snapshot); err != nil {
		return fmt.Errorf("etcd: snapshot path does not exist: %s", snapshot)
	}
	if _, err := os.Stat(filepath.Join(e.dir(), "member")); err == nil {
		old := fmt.Sprintf("%s-old-%d", e.dir(), time.Now().Unix())
		info("Pre-restore etcd database moved to %s", old)
		if err := os.Rename(e.dir(), old); err != nil {
			return err
		}
	}
	name, err := e.memberName()
	if err != nil {
		return err
	}
	fresh := e.dir() + ".restored"
	os.RemoveAll(fresh)
	_, err = e.parts.output(ctx, "etcdutl", "snapshot", "restore", snapshot, "--data-dir="+fresh, "--name="+name, "--initial-cluster="+name+"="+e.peerURL(), "--initial-advertise-peer-urls="+e.peerURL(), "--bump-revision=1000000000", "--mark-compacted")
	if err != nil {
		return err
	}
	return errors.Join(os.Rename(filepath.Join(fresh, "member"), filepath.Join(e.dir(), "member")), os.RemoveAll(fresh))
}

func (e *etcd) becomeOnly(ctx context.Context) error {
	if _, err := os.Stat(filepath.Join(e.dir(), "member")); err != nil {
		return errors.New("etcd datastore is not started: there is nothing to reset")
	}
	name, err := e.memberName()
	if err != nil {
		return err
	}
	if err := e.run(name, "--force-new-cluster"); err != nil {
		return err
	}
	if err := e.wait(ctx); err != nil {
		return err
	}
	if err := e.restoreShared(ctx); err != nil {
		return err
	}
	return e.writeTokens()
}
