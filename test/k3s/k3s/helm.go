package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	helmFinalizer = "wrangler.cattle.io/on-helm-chart-remove"
	// helmDoneKey holds the hash of what was installed last.
	helmDoneKey  = "helmcharts.cattle.io/configHash"
	unmanagedKey = "helmcharts.cattle.io/unmanaged"
)

type helmChart struct {
	Metadata struct {
		Name              string            `json:"name"`
		Namespace         string            `json:"namespace"`
		UID               string            `json:"uid"`
		Annotations       map[string]string `json:"annotations"`
		Finalizers        []string          `json:"finalizers"`
		DeletionTimestamp string            `json:"deletionTimestamp"`
	} `json:"metadata"`
	Spec   helmSpec   `json:"spec"`
	Status helmStatus `json:"status"`
}

type helmStatus struct {
	JobName    string          `json:"jobName"`
	Conditions []helmCondition `json:"conditions"`
}

type helmCondition struct {
	Type    string `json:"type"`
	Status  string `json:"status"`
	Reason  string `json:"reason,omitempty"`
	Message string `json:"message,omitempty"`
}

// helmSpec is that of a HelmChart; a HelmChartConfig has the fields of values and the failure policy alone.
type helmSpec struct {
	Chart, Version, Repo, RepoCA, TargetNamespace, ValuesContent, ChartContent, Timeout, FailurePolicy, HelmVersion string
	CreateNamespace, TakeOwnership, InsecureSkipTLSVerify, PlainHTTP, AuthPassCredentials                           bool
	ValuesSecrets                                                                                                   []valuesSecret
	Set                                                                                                             map[string]any
	BackOffLimit                                                                                                    *int
	AuthSecret, DockerRegistrySecret, RepoCAConfigMap                                                               map[string]any
}

type valuesSecret struct {
	Name          string
	Keys          []string
	IgnoreUpdates bool
}

// helmController installs what HelmCharts say, by Helm itself, where k3s starts a Job that runs it.
type helmController struct {
	*leader
	parts *parts
	// failed counts, by chart and what was wanted of it, and says when to try again.
	failed map[string]helmFailure
}

type helmFailure struct {
	wanted string
	times  int
	next   time.Time
}

func keepCharts(ctx context.Context, l *leader, running *parts) {
	h := &helmController{leader: l, parts: running, failed: map[string]helmFailure{}}
	l.whileLeading(ctx, "helm", 2*time.Second, h.keepAll)
}

func (h *helmController) keepAll(ctx context.Context) error {
	var charts, configs struct{ Items []helmChart }
	if err := h.api.get(ctx, chartsPath, &charts); err != nil {
		return err
	}
	if err := h.api.get(ctx, configsPath, &configs); err != nil {
		return err
	}
	for _, chart := range charts.Items {
		config := slices.IndexFunc(configs.Items, func(config helmChart) bool {
			return config.Metadata.Name == chart.Metadata.Name && config.Metadata.Namespace == chart.Metadata.Namespace
		})
		over := helmSpec{}
		if config >= 0 {
			over = configs.Items[config].Spec
		}
		if err := h.keep(ctx, chart, over); err != nil {
			warning("helm: %s/%s: %v", chart.Metadata.Namespace, chart.Metadata.Name, err)
		}
	}
	return nil
}

func (c helmChart) path() string {
	return fmt.Sprintf("%s/namespaces/%s/helmcharts/%s", helmGroup, c.Metadata.Namespace, c.Metadata.Name)
}

// keep brings one chart's release to what is wanted, if it is not there.
func (h *helmController) keep(ctx context.Context, chart helmChart, over helmSpec) error {
	if _, unmanaged := chart.Metadata.Annotations[unmanagedKey]; unmanaged {
		return nil
	}
	if chart.Metadata.DeletionTimestamp != "" {
		return h.remove(ctx, chart)
	}
	values, err := h.valuesOf(ctx, chart, over)
	if err != nil {
		return h.fail(ctx, chart, "", err)
	}
	wanted := hashOfAll(chart.Spec, over.FailurePolicy, values)
	if chart.Metadata.Annotations[helmDoneKey] == wanted || !h.isDue(chart, wanted) {
		return nil
	}
	if !slices.Contains(chart.Metadata.Finalizers, helmFinalizer) {
		metadata := map[string]any{"finalizers": union(chart.Metadata.Finalizers, []string{helmFinalizer})}
		if err := h.api.merge(ctx, chart.path(), map[string]any{"metadata": metadata}); err != nil {
			return err
		}
	}
	if err := h.startJob(ctx, chart, wanted); err != nil {
		return err
	}
	if err := h.install(ctx, chart, over, values); err != nil {
		return h.fail(ctx, chart, wanted, err)
	}
	if err := h.endJob(ctx, chart); err != nil {
		return err
	}
	delete(h.failed, chart.Metadata.UID)
	info("Installed chart %s/%s", chart.Metadata.Namespace, chart.Metadata.Name)
	if err := h.tell(ctx, chart, helmCondition{Type: "Failed", Status: "False"}); err != nil {
		return err
	}
	return h.api.merge(ctx, chart.path(), map[string]any{"metadata": map[string]any{"annotations": map[string]string{helmDoneKey: wanted}}})
}

// isDue holds a chart that failed back, twice as long each time, until something else is wanted of it.
func (h *helmController) isDue(chart helmChart, wanted string) bool {
	before, failed := h.failed[chart.Metadata.UID]
	if !failed || before.wanted != wanted {
		return true
	}
	limit := 1000
	if chart.Spec.BackOffLimit != nil {
		limit = *chart.Spec.BackOffLimit
	}
	return before.times <= limit && time.Now().After(before.next)
}

func (h *helmController) fail(ctx context.Context, chart helmChart, wanted string, failure error) error {
	before := h.failed[chart.Metadata.UID]
	if before.wanted != wanted {
		before = helmFailure{wanted: wanted}
	}
	before.times++
	before.next = time.Now().Add(min(5*time.Minute, 5*time.Second<<min(before.times, 6)))
	h.failed[chart.Metadata.UID] = before
	if err := h.tell(ctx, chart, helmCondition{Type: "Failed", Status: "True", Reason: "InstallFailed", Message: failure.Error()}); err != nil {
		return err
	}
	return failure
}

// tell writes the status, if it is another.
func (h *helmController) tell(ctx context.Context, chart helmChart, failed helmCondition) error {
	status := helmStatus{chart.jobName(), []helmCondition{{Type: "JobCreated", Status: "True"}, failed}}
	if slices.Equal(chart.Status.Conditions, status.Conditions) {
		return nil
	}
	return h.api.merge(ctx, chart.path()+"/status", map[string]any{"status": status})
}

func (h *helmController) remove(ctx context.Context, chart helmChart) error {
	if !slices.Contains(chart.Metadata.Finalizers, helmFinalizer) {
		return nil
	}
	if _, err := h.helm(ctx, chart, "uninstall", chart.Metadata.Name, "--ignore-not-found", "--wait"); err != nil {
		return err
	}
	info("Uninstalled chart %s/%s", chart.Metadata.Namespace, chart.Metadata.Name)
	left := slices.DeleteFunc(slices.Clone(chart.Metadata.Finalizers), func(name string) bool { return name == helmFinalizer })
	return h.api.merge(ctx, chart.path(), map[string]any{"metadata": map[string]any{"finalizers": left}})
}

func hashOfAll(things ...any) string {
	var text strings.Builder
	for _, thing := range things {
		encoded, _ := json.Marshal(thing)
		text.Write(append(encoded, '\n'))
	}
	return "SHA256=" + strings.ToUpper(hashOf([]byte(text.String())))
}
