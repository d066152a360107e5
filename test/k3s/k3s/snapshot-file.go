package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"
)

const snapshotFilesPath = "/apis/k3s.cattle.io/v1/etcdsnapshotfiles"

type snapshotFile struct {
	Metadata struct{ Name string }
	Spec     struct{ SnapshotName, NodeName string }
}

// keepSnapshotFiles has an object ETCDSnapshotFile for each snapshot on this server's disk, and none for what is gone.
func keepSnapshotFiles(ctx context.Context, e *etcd, client *api) {
	if !e.isClustered() {
		return
	}
	d := &deployer{cluster: e.cluster, api: client}
	said := ""
	for ctx.Err() == nil {
		if err := d.tellSnapshots(ctx, e); err != nil && err.Error() != said {
			said = err.Error()
			warning("snapshots: %v", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(5 * time.Second):
		}
	}
}

func (d *deployer) tellSnapshots(ctx context.Context, e *etcd) error {
	var listed struct{ Items []snapshotFile }
	if err := d.api.get(ctx, snapshotFilesPath, &listed); err != nil {
		if err := d.makeSnapshotKind(ctx); err != nil {
			return err
		}
	}
	known := map[string]string{}
	for _, item := range listed.Items {
		if item.Spec.NodeName == d.name {
			known[item.Spec.SnapshotName] = item.Metadata.Name
		}
	}
	files, err := e.snapshots()
	if err != nil {
		return err
	}
	for _, file := range files {
		if known[file.Name()] == "" {
			if err := d.tellSnapshot(ctx, file.Name(), filepath.Join(e.snapshotDir(), file.Name()), file.Size(), file.ModTime()); err != nil {
				return err
			}
		}
		delete(known, file.Name())
	}
	for _, object := range known {
		if err := d.api.remove(ctx, snapshotFilesPath+"/"+object); err != nil {
			return err
		}
	}
	return nil
}

func (d *deployer) tellSnapshot(ctx context.Context, name, path string, size int64, created time.Time) error {
	object := strings.ToLower(fmt.Sprintf("local-%s-%s", strings.ReplaceAll(name, "_", "-"), hashOf([]byte(d.name + path))[:6]))
	body := map[string]any{
		"apiVersion": "k3s.cattle.io/v1", "kind": "ETCDSnapshotFile", "metadata": map[string]any{"name": object},
		"spec": map[string]any{"snapshotName": name, "nodeName": d.name, "location": "file://" + path},
	}
	if err := d.api.apply(ctx, snapshotFilesPath+"/"+object, "k3s", body); err != nil {
		return err
	}
	status := map[string]any{"size": fmt.Sprint(size), "creationTime": created.UTC().Format(time.RFC3339), "readyToUse": true}
	return d.api.merge(ctx, snapshotFilesPath+"/"+object+"/status", map[string]any{"status": status})
}

func (d *deployer) makeSnapshotKind(ctx context.Context) error {
	fields := schema{
		"spec":   schema{"type": "object", "required": []string{"location", "nodeName", "snapshotName"}, "properties": schema{"snapshotName": aText, "nodeName": aText, "location": aText}},
		"status": schema{"type": "object", "properties": schema{"size": schema{"x-kubernetes-int-or-string": true}, "creationTime": schema{"type": "string", "format": "date-time", "nullable": true}, "readyToUse": aBool}},
	}
	return d.defineKind(ctx, "k3s.cattle.io", "ETCDSnapshotFile", "Cluster", fields, columns{"SnapshotName": ".spec.snapshotName", "Node": ".spec.nodeName", "Location": ".spec.location", "Size": ".status.size", "CreationTime": ".status.creationTime"})
}
