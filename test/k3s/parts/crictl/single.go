package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
)

func info(ctx context.Context, c client, _ options) error {
	status, err := c.runtime.Status(ctx, &cri.StatusRequest{Verbose: true})
	if err != nil {
		return err
	}
	return printed(withInfo(map[string]any{"status": status.Status}, status.Info))
}

// withInfo lays the runtime's own words, texts of JSON, beside the rest.
func withInfo(told map[string]any, more map[string]string) map[string]any {
	for key, text := range more {
		var value any = text
		json.Unmarshal([]byte(text), &value)
		told[key] = value
	}
	return told
}

func version(ctx context.Context, c client, _ options) error {
	told, err := c.runtime.Version(ctx, &cri.VersionRequest{})
	if err != nil {
		return err
	}
	fmt.Printf("Version:  %s\nRuntimeName:  %s\nRuntimeVersion:  %s\nRuntimeApiVersion:  %s\n", told.Version, told.RuntimeName, told.RuntimeVersion, told.RuntimeApiVersion)
	return nil
}

func inspect(ctx context.Context, c client, id string) error {
	told, err := c.runtime.ContainerStatus(ctx, &cri.ContainerStatusRequest{ContainerId: id, Verbose: true})
	if err != nil {
		return err
	}
	return printed(withInfo(map[string]any{"status": told.Status}, told.Info))
}

func inspectPod(ctx context.Context, c client, id string) error {
	told, err := c.runtime.PodSandboxStatus(ctx, &cri.PodSandboxStatusRequest{PodSandboxId: id, Verbose: true})
	if err != nil {
		return err
	}
	return printed(withInfo(map[string]any{"status": told.Status}, told.Info))
}

func inspectImage(ctx context.Context, c client, name string) error {
	told, err := c.images.ImageStatus(ctx, &cri.ImageStatusRequest{Image: &cri.ImageSpec{Image: name}, Verbose: true})
	if err == nil && told.Image == nil {
		err = fmt.Errorf("no such image %q present", name)
	}
	if err != nil {
		return err
	}
	return printed(withInfo(map[string]any{"status": told.Image}, told.Info))
}

func pull(ctx context.Context, c client, name string) error {
	told, err := c.images.PullImage(ctx, &cri.PullImageRequest{Image: &cri.ImageSpec{Image: name}})
	return said("Image is up to date for "+told.GetImageRef(), err)
}

// removeImages takes names, or, with --prune, all that no container uses.
func removeImages(ctx context.Context, c client, given options) error {
	names := given.names
	if given.prune {
		unused, err := unusedImages(ctx, c)
		if err != nil {
			return err
		}
		names = append(names, unused...)
	} else if len(names) == 0 {
		return fmt.Errorf("names of images, or --prune, are needed")
	}
	for _, name := range names {
		found, err := c.images.ImageStatus(ctx, &cri.ImageStatusRequest{Image: &cri.ImageSpec{Image: name}})
		if err != nil {
			return err
		}
		if found.Image == nil {
			return fmt.Errorf("no such image %s", name)
		}
		if _, err := c.images.RemoveImage(ctx, &cri.RemoveImageRequest{Image: &cri.ImageSpec{Image: found.Image.Id}}); err != nil {
			return err
		}
		fmt.Println("Deleted:", strings.Join(append(found.Image.RepoTags, found.Image.Id)[:1], ""))
	}
	return nil
}

func unusedImages(ctx context.Context, c client) ([]string, error) {
	containers, err := c.runtime.ListContainers(ctx, &cri.ListContainersRequest{})
	if err != nil {
		return nil, err
	}
	used := map[string]bool{}
	for _, container := range containers.Containers {
		used[container.ImageRef], used[container.ImageId] = true, true
	}
	images, err := c.images.ListImages(ctx, &cri.ListImagesRequest{})
	if err != nil {
		return nil, err
	}
	unused := []string{}
	for _, image := range images.Images {
		if !used[image.Id] && !image.Pinned {
			unused = append(unused, image.Id)
		}
	}
	return unused, nil
}
