package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

type image struct{ name, program string }

type manifest struct {
	Config   string
	RepoTags []string
	Layers   []string
}

// readList reads lines "NAME PROGRAM"; programs that were not built are left out, and told.
func readList(path, bin string) ([]image, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	images := []image{}
	for _, line := range strings.Split(string(content), "\n") {
		words := strings.Fields(line)
		if len(words) != 2 || strings.HasPrefix(line, "#") {
			continue
		}
		program := filepath.Join(bin, words[1])
		if _, err := os.Stat(program); err != nil {
			fmt.Fprintf(os.Stderr, "pack: %s is not in the archive: %s was not built\n", words[0], words[1])
			continue
		}
		images = append(images, image{words[0], program})
	}
	return images, nil
}

// packImages makes each image of one layer with one static program, and prints the names of those that are in the archive.
func packImages(out, list, bin string) error {
	images, err := readList(list, bin)
	if err != nil {
		return err
	}
	return written(out, 0o644, func(file io.Writer) error {
		return packed(file, func(archive *tar.Writer) error {
			manifests := []manifest{}
			for _, image := range images {
				made, err := addImage(archive, image)
				if err != nil {
					return err
				}
				manifests = append(manifests, made)
				fmt.Println(image.name)
			}
			encoded, err := json.Marshal(manifests)
			if err != nil {
				return err
			}
			return addBytes(archive, "manifest.json", 0o644, encoded)
		})
	})
}

func addImage(archive *tar.Writer, image image) (manifest, error) {
	layer, err := layerOf(image.program)
	if err != nil {
		return manifest{}, err
	}
	id := hashOf(layer)
	config, err := json.Marshal(map[string]any{
		"architecture": "amd64", "os": "linux", "history": []any{},
		"config": map[string]any{"Entrypoint": []string{"/" + filepath.Base(image.program)}, "Env": []string{"PATH=/"}},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + id}},
	})
	if err != nil {
		return manifest{}, err
	}
	made := manifest{hashOf(config) + ".json", []string{image.name}, []string{id + "/layer.tar"}}
	if err := addBytes(archive, made.Config, 0o644, config); err != nil {
		return manifest{}, err
	}
	return made, addBytes(archive, made.Layers[0], 0o644, layer)
}

func layerOf(program string) ([]byte, error) {
	var layer bytes.Buffer
	archive := tar.NewWriter(&layer)
	if err := archive.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: "tmp/", Mode: 0o1777, ModTime: epoch}); err != nil {
		return nil, err
	}
	if err := addFile(archive, filepath.Base(program), program); err != nil {
		return nil, err
	}
	err := archive.Close()
	return layer.Bytes(), err
}

func hashOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}
