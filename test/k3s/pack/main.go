// pack puts a release together: `pack images OUT.tar.gz LIST BIN` makes an archive as `docker save` does, `pack program OUT PROGRAM BIN`
// hangs the parts behind the program, where it finds them.
package main

import (
	"archive/tar"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

func main() {
	if len(os.Args) != 5 {
		fail(fmt.Errorf("usage: pack images OUT.tar.gz LIST BIN | pack program OUT PROGRAM BIN"))
	}
	if os.Args[1] == "images" {
		fail(packImages(os.Args[2], os.Args[3], os.Args[4]))
	} else {
		fail(packProgram(os.Args[2], os.Args[3], os.Args[4]))
	}
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "pack:", err)
		os.Exit(1)
	}
}

// epoch keeps archives of the same content the same.
var epoch = time.Unix(0, 0)

func addBytes(archive *tar.Writer, name string, mode int64, content []byte) error {
	if err := archive.WriteHeader(&tar.Header{Name: name, Mode: mode, Size: int64(len(content)), ModTime: epoch}); err != nil {
		return err
	}
	_, err := archive.Write(content)
	return err
}

func addFile(archive *tar.Writer, name, path string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return addBytes(archive, name, 0o755, content)
}

// packed writes a gzipped tar.
func packed(out io.Writer, fill func(*tar.Writer) error) error {
	zip, err := gzip.NewWriterLevel(out, gzip.BestSpeed)
	if err != nil {
		return err
	}
	archive := tar.NewWriter(zip)
	if err := fill(archive); err != nil {
		return err
	}
	if err := archive.Close(); err != nil {
		return err
	}
	return zip.Close()
}

// written makes a file by rename.
func written(path string, mode os.FileMode, fill func(io.Writer) error) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := fill(file); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
