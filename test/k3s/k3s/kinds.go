package main

import (
	"context"
	"maps"
	"slices"
	"strings"
)

// columns are those that `kubectl get` shows, by their titles.
type columns map[string]string

// makeKind defines a namespaced kind of version v1, whose objects have these fields, and waits until it is served.
func (d *deployer) makeKind(ctx context.Context, group, name string, fields schema, shown columns) error {
	return d.defineKind(ctx, group, name, "Namespaced", fields, shown)
}

func (d *deployer) defineKind(ctx context.Context, group, name, scope string, fields schema, shown columns) error {
	plural := strings.ToLower(name) + "s"
	version := map[string]any{"name": "v1", "served": true, "storage": true, "schema": schema{"openAPIV3Schema": schema{"type": "object", "properties": fields}}, "additionalPrinterColumns": printed(shown)}
	if _, has := fields["status"]; has {
		version["subresources"] = map[string]any{"status": map[string]any{}}
	}
	definition := map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": map[string]any{"name": plural + "." + group},
		"spec": map[string]any{
			"group": group, "scope": scope, "names": map[string]any{"kind": name, "plural": plural, "singular": strings.ToLower(name), "listKind": name + "List"},
			"versions": []any{version},
		},
	}
	if err := d.api.apply(ctx, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/"+plural+"."+group, "deploy@"+d.name, definition); err != nil {
		return err
	}
	return d.api.get(ctx, "/apis/"+group+"/v1/"+plural, &struct{}{})
}

func printed(shown columns) []any {
	list := []any{}
	for _, title := range slices.Sorted(maps.Keys(shown)) {
		kind := "string"
		if title == "Bootstrap" {
			kind = "boolean"
		}
		list = append(list, map[string]any{"name": title, "type": kind, "jsonPath": shown[title]})
	}
	return list
}
