package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/yaml"
)

const scanEvery = 15 * time.Second

// deployer applies the files of the manifests directory, each followed by an object Addon.
type deployer struct {
	*cluster
	api   *api
	kinds map[string]kind
	done  map[string]string
}

func deployManifests(ctx context.Context, c *cluster, client *api) {
	d := &deployer{cluster: c, api: client, kinds: map[string]kind{}, done: map[string]string{}}
	if err := poll(ctx, 5*time.Minute, "the kind Addon", func() error { return errors.Join(d.makeAddonKind(ctx), d.makeHelmKinds(ctx)) }); err != nil {
		warning("%v", err)
		return
	}
	for ctx.Err() == nil {
		d.scan(ctx)
		select {
		case <-ctx.Done():
		case <-time.After(scanEvery):
		}
	}
}

// scan applies what is new or another than at the last look; at a start, everything once.
func (d *deployer) scan(ctx context.Context) {
	files := d.files()
	for _, file := range files {
		content, err := os.ReadFile(file)
		sum := hashOf(content)
		if err != nil || d.done[file] == sum || slices.Contains(files, file+".skip") || d.isDisabled(file) {
			continue
		}
		if err := d.deploy(ctx, file, content, sum); err != nil {
			logLine("error", "Failed to process config: failed to process %s: %v", file, err)
			continue
		}
		d.done[file] = sum
	}
	d.removeDisabled(ctx, files)
}

func (d *deployer) files() []string {
	files := []string{}
	filepath.WalkDir(d.server("manifests"), func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			files = append(files, path)
		}
		return nil
	})
	slices.Sort(files)
	return slices.DeleteFunc(files, func(path string) bool {
		return !slices.Contains([]string{".yaml", ".yml", ".json", ".skip"}, filepath.Ext(path))
	})
}

// addonName is the file's name up to the first dot.
func addonName(file string) string {
	name, _, _ := strings.Cut(filepath.Base(file), ".")
	return name
}

// deploy applies a file's objects, removes those that an earlier form of it had, and tells of it in an event.
func (d *deployer) deploy(ctx context.Context, file string, content []byte, sum string) error {
	name := addonName(file)
	objects, err := objectsIn(content)
	if err != nil {
		d.event(ctx, name, "ParseManifestFailed", "Warning", fmt.Sprintf("Parse manifest at %q failed: %v", file, err))
		return err
	}
	before, err := d.readAddon(ctx, name)
	if err != nil {
		return err
	}
	d.event(ctx, name, "ApplyingManifest", "Normal", fmt.Sprintf("Applying manifest at %q", file))
	placed, err := d.applyAll(ctx, objects)
	// What was placed is remembered also when the rest failed: nothing is forgotten.
	if err == nil {
		err = d.prune(ctx, before, placed)
	} else {
		placed = union(placed, before)
	}
	if told := d.writeAddon(ctx, name, file, sum, placed); told != nil {
		return told
	}
	if err != nil {
		d.event(ctx, name, "ApplyManifestFailed", "Warning", fmt.Sprintf("Applying manifest at %q failed: %v", file, err))
		return err
	}
	d.event(ctx, name, "AppliedManifest", "Normal", fmt.Sprintf("Applied manifest at %q", file))
	return nil
}

func (d *deployer) applyAll(ctx context.Context, objects []map[string]any) ([]string, error) {
	placed := []string{}
	for _, object := range objects {
		path, err := d.pathOf(ctx, object)
		if err != nil {
			return placed, err
		}
		if err := d.api.apply(ctx, path, "deploy@"+d.name, object); err != nil {
			return placed, fmt.Errorf("failed to create %s: %w", path, err)
		}
		placed = append(placed, path)
	}
	return placed, nil
}

func (d *deployer) prune(ctx context.Context, before, now []string) error {
	for _, path := range slices.Backward(before) {
		if !slices.Contains(now, path) {
			if err := d.api.remove(ctx, path); err != nil {
				return err
			}
		}
	}
	return nil
}

func union(some, others []string) []string {
	all := slices.Clone(some)
	for _, other := range others {
		if !slices.Contains(all, other) {
			all = append(all, other)
		}
	}
	return all
}

// removeDisabled takes away what `disable` names: objects and file.
func (d *deployer) removeDisabled(ctx context.Context, files []string) {
	for _, name := range d.disabled() {
		placed, err := d.readAddon(ctx, name)
		if name == "" || err != nil {
			continue
		}
		if err := d.prune(ctx, placed, nil); err == nil {
			d.api.remove(ctx, addonsPath+"/"+name)
		}
		for _, file := range files {
			if addonName(file) == name && filepath.Ext(file) != ".skip" {
				os.Remove(file)
			}
		}
	}
}

// objectsIn takes a file of many documents apart, and lists too.
func objectsIn(content []byte) ([]map[string]any, error) {
	objects := []map[string]any{}
	for _, document := range bytes.Split(append([]byte("\n"), content...), []byte("\n---")) {
		var object map[string]any
		if err := yaml.Unmarshal(document, &object); err != nil {
			return nil, err
		}
		items, isList := object["items"].([]any)
		switch {
		case len(object) == 0:
		case isList:
			for _, item := range items {
				if one, ok := item.(map[string]any); ok {
					objects = append(objects, one)
				}
			}
		default:
			objects = append(objects, object)
		}
	}
	return objects, nil
}
