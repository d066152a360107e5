package main

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

func (c helmChart) jobName() string { return "helm-install-" + c.Metadata.Name }

func (c helmChart) jobsPath() string {
	return fmt.Sprintf("/apis/batch/v1/namespaces/%s/jobs", c.Metadata.Namespace)
}

// startJob leaves the trace of an installation that users of k3s look for: the Job by which its helm-controller installs a chart. This one
// has no pods, for it is managed by us: this program runs Helm, and tells in the Job's status how that went.
func (h *helmController) startJob(ctx context.Context, chart helmChart, wanted string) error {
	path := chart.jobsPath() + "/" + chart.jobName()
	if err := h.api.remove(ctx, path); err != nil {
		return err
	}
	err := poll(ctx, 20*time.Second, "the end of an earlier Job", func() error {
		if err := h.api.get(ctx, path, &struct{}{}); !isCode(err, http.StatusNotFound) {
			return fmt.Errorf("%s is still there", chart.jobName())
		}
		return nil
	})
	if err != nil {
		return err
	}
	labels := object{"helmcharts.helm.cattle.io/chart": chart.Metadata.Name}
	template := object{
		"metadata": object{"labels": labels},
		"spec":     object{"restartPolicy": "OnFailure", "containers": []object{{"name": "helm", "image": h.image(pauseImage)}}},
	}
	err = h.api.create(ctx, chart.jobsPath(), object{
		"apiVersion": "batch/v1", "kind": "Job",
		"metadata": object{"name": chart.jobName(), "labels": labels, "annotations": object{helmDoneKey: wanted}, "ownerReferences": []object{{
			"apiVersion": "helm.cattle.io/v1", "kind": "HelmChart", "name": chart.Metadata.Name, "uid": chart.Metadata.UID, "controller": true,
		}}},
		"spec": object{"managedBy": "helm.cattle.io/helm-controller", "backoffLimit": 1000, "template": template},
	})
	if err != nil {
		return err
	}
	return h.api.merge(ctx, path+"/status", object{"status": object{"startTime": time.Now().UTC().Format(time.RFC3339)}})
}

// endJob says that the release stands. A failure leaves the Job as one that tries again, and is told by the chart's condition.
func (h *helmController) endJob(ctx context.Context, chart helmChart) error {
	now := time.Now().UTC().Format(time.RFC3339)
	condition := func(name string) object {
		return object{"type": name, "status": "True", "lastProbeTime": now, "lastTransitionTime": now, "reason": "CompletionsReached", "message": "Helm has installed the chart"}
	}
	status := object{"succeeded": 1, "completionTime": now, "conditions": []object{condition("SuccessCriteriaMet"), condition("Complete")}}
	return h.api.merge(ctx, chart.jobsPath()+"/"+chart.jobName()+"/status", object{"status": status})
}
