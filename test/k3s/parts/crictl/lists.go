package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"text/tabwriter"
	"time"

	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// shown prints a list: ids alone, as JSON, or as a table.
func shown(given options, field string, items any, ids []string, title string, rows [][]string) error {
	if given.quiet {
		for _, id := range ids {
			fmt.Println(id)
		}
		return nil
	}
	if given.output == "json" {
		return printed(map[string]any{field: items})
	}
	table := tabwriter.NewWriter(os.Stdout, 10, 1, 3, ' ', 0)
	fmt.Fprintln(table, strings.ReplaceAll(title, ",", "\t"))
	for _, row := range rows {
		fmt.Fprintln(table, strings.Join(row, "\t"))
	}
	return table.Flush()
}

func printed(value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	fmt.Println(string(text))
	return err
}

func short(id string) string {
	id = strings.TrimPrefix(id, "sha256:")
	return id[:min(13, len(id))]
}

func age(nanoseconds int64) string {
	return time.Since(time.Unix(0, nanoseconds)).Round(time.Second).String() + " ago"
}

// fits: names are regular expressions, as with crictl.
func fits(pattern, name string) bool {
	found, err := regexp.MatchString(pattern, name)
	return pattern == "" || err == nil && found
}

func ps(ctx context.Context, c client, given options) error {
	filter := &cri.ContainerFilter{PodSandboxId: given.pods}
	if state := given.state; state != "" {
		value, known := cri.ContainerState_value["CONTAINER_"+strings.ToUpper(state)]
		if !known {
			return fmt.Errorf("--state is created, running, exited or unknown, not %q", state)
		}
		filter.State = &cri.ContainerStateValue{State: cri.ContainerState(value)}
	} else if !given.all {
		filter.State = &cri.ContainerStateValue{State: cri.ContainerState_CONTAINER_RUNNING}
	}
	list, err := c.runtime.ListContainers(ctx, &cri.ListContainersRequest{Filter: filter})
	if err != nil {
		return err
	}
	var items []*cri.Container
	var ids []string
	var rows [][]string
	for _, item := range list.Containers {
		if !fits(given.name, item.Metadata.Name) {
			continue
		}
		items, ids = append(items, item), append(ids, item.Id)
		state := strings.TrimPrefix(item.State.String(), "CONTAINER_")
		state = state[:1] + strings.ToLower(state[1:])
		rows = append(rows, []string{short(item.Id), short(item.Image.Image), age(item.CreatedAt), state, item.Metadata.Name, fmt.Sprint(item.Metadata.Attempt), short(item.PodSandboxId), item.Labels["io.kubernetes.pod.name"], item.Labels["io.kubernetes.pod.namespace"]})
	}
	return shown(given, "containers", items, ids, "CONTAINER,IMAGE,CREATED,STATE,NAME,ATTEMPT,POD ID,POD,NAMESPACE", rows)
}

func listPods(ctx context.Context, c client, given options) error {
	filter := &cri.PodSandboxFilter{}
	if given.state != "" {
		value, known := cri.PodSandboxState_value["SANDBOX_"+strings.ToUpper(given.state)]
		if !known {
			return fmt.Errorf("--state is ready or notready, not %q", given.state)
		}
		filter.State = &cri.PodSandboxStateValue{State: cri.PodSandboxState(value)}
	}
	list, err := c.runtime.ListPodSandbox(ctx, &cri.ListPodSandboxRequest{Filter: filter})
	if err != nil {
		return err
	}
	var items []*cri.PodSandbox
	var ids []string
	var rows [][]string
	for _, item := range list.Items {
		if !fits(given.name, item.Metadata.Name) || !fits(given.namespace, item.Metadata.Namespace) {
			continue
		}
		state := map[cri.PodSandboxState]string{cri.PodSandboxState_SANDBOX_READY: "Ready", cri.PodSandboxState_SANDBOX_NOTREADY: "NotReady"}[item.State]
		items, ids = append(items, item), append(ids, item.Id)
		rows = append(rows, []string{short(item.Id), age(item.CreatedAt), state, item.Metadata.Name, item.Metadata.Namespace, fmt.Sprint(item.Metadata.Attempt), "(default)"})
	}
	return shown(given, "items", items, ids, "POD ID,CREATED,STATE,NAME,NAMESPACE,ATTEMPT,RUNTIME", rows)
}

func listImages(ctx context.Context, c client, given options) error {
	list, err := c.images.ListImages(ctx, &cri.ListImagesRequest{})
	if err != nil {
		return err
	}
	var items []*cri.Image
	var ids []string
	var rows [][]string
	for _, item := range list.Images {
		tags := item.RepoTags
		if len(tags) == 0 {
			tags = []string{"<none>:<none>"}
		}
		of := [][]string{}
		for _, tag := range tags {
			at := strings.LastIndex(tag, ":")
			if len(given.names) == 0 || given.names[0] == tag || given.names[0] == tag[:at] {
				of = append(of, []string{tag[:at], tag[at+1:], short(item.Id), size(item.Size)})
			}
		}
		if len(of) > 0 {
			items, ids, rows = append(items, item), append(ids, item.Id), append(rows, of...)
		}
	}
	return shown(given, "images", items, ids, "IMAGE,TAG,IMAGE ID,SIZE", rows)
}

func size(bytes uint64) string {
	value, unit := float64(bytes), "B"
	for _, next := range []string{"kB", "MB", "GB"} {
		if value >= 1000 {
			value, unit = value/1000, next
		}
	}
	return fmt.Sprintf("%.3g%s", value, unit)
}
