package main

import "context"

const (
	helmGroup   = "/apis/helm.cattle.io/v1"
	configsPath = helmGroup + "/helmchartconfigs"
	chartsPath  = helmGroup + "/helmcharts"
)

// schema is the part of OpenAPI that is needed here.
type schema = map[string]any

var (
	aText  = schema{"type": "string", "nullable": true}
	aBool  = schema{"type": "boolean"}
	aCount = schema{"type": "integer", "nullable": true}
	// What a value of `set` may be.
	aValue      = schema{"x-kubernetes-int-or-string": true, "nullable": true}
	aReference  = schema{"type": "object", "nullable": true, "properties": schema{"name": aText}}
	someSecrets = schema{"type": "array", "nullable": true, "items": schema{"type": "object", "properties": schema{"name": aText, "keys": schema{"type": "array", "nullable": true, "items": schema{"type": "string"}}, "ignoreUpdates": aBool}}}
	freely      = schema{"type": "object", "nullable": true, "x-kubernetes-preserve-unknown-fields": true}
	aPolicy     = schema{"type": "string", "enum": []string{"abort", "reinstall"}}
)

// chartFields are those of spec; what lab k3s does not do is refused when a chart uses it (see refuse).
var chartFields = schema{
	"chart": aText, "version": aText, "repo": aText, "repoCA": aText, "repoCAConfigMap": aReference, "targetNamespace": aText, "createNamespace": aBool, "takeOwnership": aBool,
	"valuesContent": aText, "valuesSecrets": someSecrets, "set": schema{"type": "object", "nullable": true, "additionalProperties": aValue}, "chartContent": aText, "timeout": aText, "failurePolicy": aPolicy,
	"bootstrap": aBool, "backOffLimit": aCount, "jobImage": aText, "helmVersion": aText, "insecureSkipTLSVerify": aBool, "plainHTTP": aBool,
	"authSecret": aReference, "authPassCredentials": aBool, "dockerRegistrySecret": aReference, "podSecurityContext": freely, "securityContext": freely,
}

var configFields = schema{"valuesContent": aText, "valuesSecrets": someSecrets, "failurePolicy": aPolicy}

var chartStatus = schema{"type": "object", "properties": schema{
	"jobName": aText,
	"conditions": schema{"type": "array", "nullable": true, "items": schema{"type": "object", "required": []string{"type", "status"}, "properties": schema{
		"type": schema{"type": "string"}, "status": schema{"type": "string"}, "reason": aText, "message": aText,
	}}},
}}

func (d *deployer) makeHelmKinds(ctx context.Context) error {
	if d.is("disable-helm-controller") {
		return nil
	}
	charts := schema{"spec": schema{"type": "object", "properties": chartFields}, "status": chartStatus}
	if err := d.makeKind(ctx, "helm.cattle.io", "HelmChart", charts, columns{"Repo": ".spec.repo", "Chart": ".spec.chart", "Version": ".spec.version", "TargetNamespace": ".spec.targetNamespace", "Bootstrap": ".spec.bootstrap", "Failed": `.status.conditions[?(@.type=="Failed")].status`}); err != nil {
		return err
	}
	return d.makeKind(ctx, "helm.cattle.io", "HelmChartConfig", schema{"spec": schema{"type": "object", "properties": configFields}}, nil)
}
