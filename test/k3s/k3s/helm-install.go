package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

func (c helmChart) namespace() string {
	if c.Spec.TargetNamespace != "" {
		return c.Spec.TargetNamespace
	}
	return c.Metadata.Namespace
}

// refuse says which field of a chart lab k3s has nothing behind.
func (c helmChart) refuse() error {
	for field, used := range map[string]bool{
		"authSecret": c.Spec.AuthSecret["name"] != nil, "dockerRegistrySecret": c.Spec.DockerRegistrySecret["name"] != nil, "repoCAConfigMap": c.Spec.RepoCAConfigMap["name"] != nil,
		"authPassCredentials": c.Spec.AuthPassCredentials, "helmVersion": !slices.Contains([]string{"", "v3"}, c.Spec.HelmVersion),
	} {
		if used {
			return fmt.Errorf("spec.%s is a field of k3s that lab k3s has nothing behind: see test/k3s/README.md", field)
		}
	}
	return nil
}

// valuesOf lists the documents of values, the weakest first: the chart's, its secrets', the HelmChartConfig's, its secrets'.
func (h *helmController) valuesOf(ctx context.Context, chart helmChart, over helmSpec) ([]string, error) {
	values := []string{}
	for _, spec := range []helmSpec{chart.Spec, over} {
		if strings.TrimSpace(spec.ValuesContent) != "" {
			values = append(values, spec.ValuesContent)
		}
		for _, from := range spec.ValuesSecrets {
			more, err := h.secretValues(ctx, chart.Metadata.Namespace, from)
			if err != nil {
				return nil, err
			}
			values = append(values, more...)
		}
	}
	return values, nil
}

func (h *helmController) secretValues(ctx context.Context, namespace string, from valuesSecret) ([]string, error) {
	if from.IgnoreUpdates {
		return nil, fmt.Errorf("spec.valuesSecrets of %s: ignoreUpdates is not done by lab k3s", from.Name)
	}
	var found secret
	if err := h.api.get(ctx, fmt.Sprintf("/api/v1/namespaces/%s/secrets/%s", namespace, from.Name), &found); err != nil {
		return nil, err
	}
	values := []string{}
	for _, key := range from.Keys {
		content, err := base64.StdEncoding.DecodeString(found.Data[key])
		if err != nil || len(content) == 0 {
			return nil, fmt.Errorf("the Secret %s/%s has no values at %s", namespace, from.Name, key)
		}
		values = append(values, string(content))
	}
	return values, nil
}

// install is an upgrade, or the first installation. Values may be secret: they lie in memory, for root alone, while Helm runs.
func (h *helmController) install(ctx context.Context, chart helmChart, over helmSpec, values []string) error {
	if err := chart.refuse(); err != nil {
		return err
	}
	if err := h.afterFailure(ctx, chart, over); err != nil {
		return err
	}
	work, err := os.MkdirTemp("/run/k3s", "helm-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	args, err := h.chartArgs(chart, work)
	if err != nil {
		return err
	}
	for i, content := range values {
		path := filepath.Join(work, fmt.Sprintf("values-%02d.yaml", i))
		if err := writeFile(path, []byte(content), 0o600); err != nil {
			return err
		}
		args = append(args, "--values="+path)
	}
	_, err = h.helm(ctx, chart, append(append([]string{"upgrade", chart.Metadata.Name}, args...), setArgs(chart.Spec.Set)...)...)
	return err
}

// chartArgs say where the chart comes from: its own content, this server, a repository or an address.
func (h *helmController) chartArgs(chart helmChart, work string) ([]string, error) {
	spec, timeout := chart.Spec, chart.Spec.Timeout
	if timeout == "" {
		timeout = "300s"
	}
	from, local := strings.CutPrefix(spec.Chart, "https://%{KUBERNETES_API}%/")
	args := []string{spec.Chart}
	switch {
	case spec.ChartContent != "":
		content, err := base64.StdEncoding.DecodeString(spec.ChartContent)
		if err != nil {
			return nil, fmt.Errorf("spec.chartContent: %w", err)
		}
		args[0] = filepath.Join(work, chart.Metadata.Name+".tgz")
		if err := writeFile(args[0], content, 0o600); err != nil {
			return nil, err
		}
	case local:
		args = []string{h.localURL() + "/" + from, "--ca-file=" + h.tls("server-ca.crt")}
	case spec.Chart == "":
		return nil, errors.New("spec.chart is missing")
	}
	if spec.RepoCA != "" {
		if err := writeFile(filepath.Join(work, "ca.crt"), []byte(spec.RepoCA), 0o600); err != nil {
			return nil, err
		}
		args = append(args, "--ca-file="+filepath.Join(work, "ca.crt"))
	}
	for flag, value := range map[string]string{"--repo=": spec.Repo, "--version=": spec.Version, "--timeout=": timeout} {
		if value != "" {
			args = append(args, flag+value)
		}
	}
	for flag, on := range map[string]bool{"--create-namespace": spec.CreateNamespace, "--take-ownership": spec.TakeOwnership, "--insecure-skip-tls-verify": spec.InsecureSkipTLSVerify, "--plain-http": spec.PlainHTTP} {
		if on {
			args = append(args, flag)
		}
	}
	return append(args, "--install", "--history-max=10"), nil
}

// setArgs: numbers and what looks like true, false or null keep their kind, all else is text.
func setArgs(set map[string]any) []string {
	args := []string{}
	for _, key := range slices.Sorted(maps.Keys(set)) {
		flag, text := "--set=", fmt.Sprint(set[key])
		if value, isText := set[key].(string); isText && !slices.Contains([]string{"true", "false", "null"}, value) {
			flag, text = "--set-string=", strings.ReplaceAll(value, ",", `\,`)
		}
		args = append(args, flag+key+"="+text)
	}
	return args
}

// afterFailure clears the way where the last try failed half-way: a release that was never finished goes, unless the policy is to abort.
func (h *helmController) afterFailure(ctx context.Context, chart helmChart, over helmSpec) error {
	told, err := h.helm(ctx, chart, "list", "--all", "--filter=^"+chart.Metadata.Name+"$", "--output=json")
	if err != nil {
		return err
	}
	var releases []struct{ Status string }
	if err := json.Unmarshal([]byte(told), &releases); err != nil || len(releases) == 0 {
		return err
	}
	policy := over.FailurePolicy
	if policy == "" {
		policy = chart.Spec.FailurePolicy
	}
	status := releases[0].Status
	if status == "deployed" || status == "superseded" {
		return nil
	}
	if policy == "abort" {
		return fmt.Errorf("the release's status is %q, and the failure policy is to abort", status)
	}
	_, err = h.helm(ctx, chart, "uninstall", chart.Metadata.Name, "--wait")
	return err
}

// helm runs Helm in the namespace of a chart's release.
func (h *helmController) helm(ctx context.Context, chart helmChart, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	own := []string{
		"--kubeconfig=" + h.server("cred/supervisor.kubeconfig"), "--namespace=" + chart.namespace(), "--repository-cache=/run/k3s/helm/cache",
		"--repository-config=/run/k3s/helm/repositories.yaml", "--registry-config=/run/k3s/helm/registry.json",
	}
	return h.parts.output(ctx, "helm", append(args, own...)...)
}
