package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

const (
	addonsPath = "/apis/k3s.cattle.io/v1/namespaces/kube-system/addons"
	// placedKey holds the paths of an addon's objects, for what a file loses to be removed.
	placedKey = "k3s.cattle.io/placed"
)

// kind is where objects of it live.
type kind struct {
	plural     string
	namespaced bool
}

// pathOf finds an object's address, asking the server for kinds that are new.
func (d *deployer) pathOf(ctx context.Context, object map[string]any) (string, error) {
	version, _ := object["apiVersion"].(string)
	name, _ := object["kind"].(string)
	metadata, _ := object["metadata"].(map[string]any)
	id, _ := metadata["name"].(string)
	if version == "" || name == "" || id == "" {
		return "", fmt.Errorf("an object without apiVersion, kind or metadata.name")
	}
	base := "/apis/" + version
	if !strings.Contains(version, "/") {
		base = "/api/" + version
	}
	found, err := d.find(ctx, base, name)
	if err != nil {
		return "", err
	}
	if !found.namespaced {
		return base + "/" + found.plural + "/" + id, nil
	}
	namespace, _ := metadata["namespace"].(string)
	if namespace == "" {
		namespace = "default"
	}
	return fmt.Sprintf("%s/namespaces/%s/%s/%s", base, namespace, found.plural, id), nil
}

func (d *deployer) find(ctx context.Context, base, name string) (kind, error) {
	if found, known := d.kinds[base+" "+name]; known {
		return found, nil
	}
	var list struct {
		Resources []struct {
			Name, Kind string
			Namespaced bool
		}
	}
	if err := d.api.get(ctx, base, &list); err != nil {
		return kind{}, fmt.Errorf("no matches for kind %q in version %q: %w", name, strings.TrimPrefix(strings.TrimPrefix(base, "/apis/"), "/api/"), err)
	}
	for _, resource := range list.Resources {
		if !strings.Contains(resource.Name, "/") {
			d.kinds[base+" "+resource.Kind] = kind{resource.Name, resource.Namespaced}
		}
	}
	found, known := d.kinds[base+" "+name]
	if !known {
		return kind{}, fmt.Errorf("no matches for kind %q in version %q", name, strings.TrimPrefix(strings.TrimPrefix(base, "/apis/"), "/api/"))
	}
	return found, nil
}

type addon struct {
	Metadata struct {
		UID         string            `json:"uid"`
		Annotations map[string]string `json:"annotations"`
	} `json:"metadata"`
}

func (d *deployer) readAddon(ctx context.Context, name string) (placed []string, err error) {
	var known addon
	err = d.api.get(ctx, addonsPath+"/"+name, &known)
	if isCode(err, http.StatusNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	json.Unmarshal([]byte(known.Metadata.Annotations[placedKey]), &placed)
	return placed, nil
}

func (d *deployer) writeAddon(ctx context.Context, name, file, sum string, placed []string) error {
	paths, err := json.Marshal(placed)
	if err != nil {
		return err
	}
	return d.api.apply(ctx, addonsPath+"/"+name, "deploy@"+d.name, map[string]any{
		"apiVersion": "k3s.cattle.io/v1", "kind": "Addon",
		"metadata": map[string]any{"name": name, "namespace": "kube-system", "annotations": map[string]string{placedKey: string(paths)}},
		"spec":     map[string]any{"source": file, "checksum": sum},
	})
}

// event tells about an addon, as `kubectl describe addon` shows.
func (d *deployer) event(ctx context.Context, name, reason, level, message string) {
	var known addon
	d.api.get(ctx, addonsPath+"/"+name, &known)
	now := time.Now().UTC().Format(time.RFC3339)
	d.api.create(ctx, "/api/v1/namespaces/kube-system/events", map[string]any{
		"apiVersion": "v1", "kind": "Event", "metadata": map[string]any{"generateName": name + ".", "namespace": "kube-system"},
		"involvedObject": map[string]any{"apiVersion": "k3s.cattle.io/v1", "kind": "Addon", "name": name, "namespace": "kube-system", "uid": known.Metadata.UID},
		"reason":         reason, "message": message, "type": level, "count": 1, "firstTimestamp": now, "lastTimestamp": now,
		"source": map[string]any{"component": "deploy", "host": d.name},
	})
}

func (d *deployer) makeAddonKind(ctx context.Context) error {
	fields := schema{"spec": schema{"type": "object", "properties": schema{"source": aText, "checksum": aText}}}
	return d.makeKind(ctx, "k3s.cattle.io", "Addon", fields, columns{"Source": ".spec.source", "Checksum": ".spec.checksum"})
}
