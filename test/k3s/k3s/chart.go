package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io/fs"
	"path"
	"strings"
)

// packChart makes a chart's archive of its directory; the same content gives the same bytes.
func packChart(files fs.FS, directory string) ([]byte, error) {
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	archive := tar.NewWriter(zip)
	err := fs.WalkDir(files, directory, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		inside := path.Join(path.Base(directory), strings.TrimPrefix(name, directory))
		if err := archive.WriteHeader(&tar.Header{Name: inside, Mode: 0o644, Size: int64(len(content))}); err != nil {
			return err
		}
		_, err = archive.Write(content)
		return err
	})
	err = errors.Join(err, archive.Close(), zip.Close())
	return packed.Bytes(), err
}
