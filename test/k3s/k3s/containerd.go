package main

import (
	"compress/gzip"
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/klauspost/compress/zstd"
)

const (
	containerdSocket = "/run/k3s/containerd/containerd.sock"
	pauseImage       = "docker.io/rancher/mirrored-pause:3.6"
)

func startContainerd(ctx context.Context, n *node, running *parts) error {
	config := n.path("agent/etc/containerd/config.toml")
	for _, directory := range []string{n.path("agent/etc/cni/net.d"), n.path("agent/images"), "/run/k3s/containerd"} {
		if err := os.MkdirAll(directory, 0o755); err != nil {
			return err
		}
	}
	if err := writeRegistries(n); err != nil {
		return err
	}
	content, err := containerdConfig(n)
	if err != nil {
		return err
	}
	if err := writeFile(config, []byte(content), 0o600); err != nil {
		return err
	}
	args := []string{"-c", config}
	if n.is("debug") {
		args = append(args, "--log-level=debug")
	}
	if err := running.start("containerd", args...); err != nil {
		return err
	}
	err = poll(ctx, time.Minute, "containerd", func() error {
		_, err := running.output(ctx, "ctr", "--address", containerdSocket, "version")
		return err
	})
	if err != nil {
		return err
	}
	info("containerd is now running")
	seen := map[string]time.Time{}
	importImages(ctx, n, running, seen)
	go watchImages(ctx, n, running, seen)
	return nil
}

// snapshotter is overlayfs, unless the disk itself is an overlay, on which no other can lie.
func (n *node) snapshotter() string {
	const overlay = 0x794c7630
	var stat syscall.Statfs_t
	if given := n.text("snapshotter", ""); given != "" {
		return given
	}
	if syscall.Statfs(n.path("agent"), &stat) == nil && stat.Type == overlay {
		return "native"
	}
	return "overlayfs"
}

// importImages takes in archives that are new since the last look.
func importImages(ctx context.Context, n *node, running *parts, seen map[string]time.Time) {
	archives, _ := filepath.Glob(n.path("agent/images/*"))
	slices.Sort(archives)
	for _, archive := range archives {
		stat, err := os.Stat(archive)
		if err != nil || !isArchive(archive) || seen[archive].Equal(stat.ModTime()) {
			continue
		}
		start := time.Now()
		if err := n.importArchive(ctx, running, archive); err != nil {
			warning("Failed to process image file %s: %v", archive, err)
			continue
		}
		seen[archive] = stat.ModTime()
		info("Imported images from %s in %s", archive, time.Since(start).Round(time.Millisecond))
	}
}

func (n *node) importArchive(ctx context.Context, running *parts, archive string) error {
	file, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer file.Close()
	plain, err := unpacked(archive, file)
	if err != nil {
		return err
	}
	// Without --local the import is containerd's own affair, which unpacks with the snapshotter that it likes.
	_, err = running.outputOf(ctx, plain, "ctr", "--address", containerdSocket, "--namespace", "k8s.io", "images", "import", "--local", "--snapshotter", n.snapshotter(), "-")
	return err
}

// unpacked reads what an archive holds, by the end of its name.
func unpacked(name string, file io.Reader) (io.Reader, error) {
	switch {
	case strings.HasSuffix(name, "gz"):
		return gzip.NewReader(file)
	case strings.HasSuffix(name, "zst"):
		return zstd.NewReader(file, zstd.WithDecoderConcurrency(1))
	}
	return file, nil
}

// watchImages looks for new archives while the node runs.
func watchImages(ctx context.Context, n *node, running *parts, seen map[string]time.Time) {
	for ctx.Err() == nil {
		time.Sleep(5 * time.Second)
		importImages(ctx, n, running, seen)
	}
}

func isArchive(path string) bool {
	return slices.ContainsFunc([]string{".tar", ".tar.gz", ".tgz", ".tar.zst", ".tzst"}, func(end string) bool { return strings.HasSuffix(path, end) })
}
