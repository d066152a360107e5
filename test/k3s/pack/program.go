package main

import (
	"archive/tar"
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// Names of one program that is many.
var kubernetesNames = []string{"etcd", "etcdctl", "etcdutl", "kube-apiserver", "kube-controller-manager", "kube-proxy", "kube-scheduler", "kubectl", "kubelet"}

// packProgram writes the program, the gzipped tar of the parts, its sha256, its length and a mark: see ../k3s/payload.go.
func packProgram(out, program, bin string) error {
	own, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	var payload bytes.Buffer
	if err := packed(&payload, func(archive *tar.Writer) error { return addParts(archive, bin) }); err != nil {
		return err
	}
	length := binary.BigEndian.AppendUint64(nil, uint64(payload.Len()))
	return written(out, 0o755, func(file io.Writer) error {
		for _, piece := range [][]byte{own, payload.Bytes(), []byte(hashOf(payload.Bytes())), length, []byte("LABK3S01")} {
			if _, err := file.Write(piece); err != nil {
				return err
			}
		}
		return nil
	})
}

func addParts(archive *tar.Writer, bin string) error {
	entries, err := filepath.Glob(filepath.Join(bin, "*"))
	if err != nil {
		return err
	}
	slices.Sort(entries)
	for _, path := range entries {
		if err := addFile(archive, filepath.Base(path), path); err != nil {
			return err
		}
	}
	for _, name := range kubernetesNames {
		if err := archive.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: "kubernetes", Mode: 0o777, ModTime: epoch}); err != nil {
			return err
		}
	}
	return nil
}
