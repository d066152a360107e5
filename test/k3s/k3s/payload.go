package main

import (
	"archive/tar"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// The parts hang behind the program itself: a gzipped tar, its sha256 in hex, its length (8 bytes) and this word.
const payloadMark = "LABK3S01"

const trailerLength = 64 + 8 + len(payloadMark)

// partPath is where a part of the payload lies, which is unpacked on first use into <data-dir>/data/<sha256>/bin.
func partPath(dataDir, name string) (string, error) {
	bin, err := unpack(dataDir)
	return filepath.Join(bin, name), err
}

func unpack(dataDir string) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	file, err := os.Open(self)
	if err != nil {
		return "", err
	}
	defer file.Close()
	sum, payload, err := findPayload(file)
	if err != nil {
		return "", fmt.Errorf("%s: %w", self, err)
	}
	home := filepath.Join(dataDir, "data", sum)
	bin := filepath.Join(home, "bin")
	if _, err := os.Stat(bin); err == nil {
		return bin, nil
	}
	info("Preparing data dir %s", home)
	if err := os.MkdirAll(filepath.Dir(home), 0o755); err != nil {
		return "", err
	}
	fresh, err := os.MkdirTemp(filepath.Dir(home), ".unpack-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(fresh)
	if err := untar(payload, filepath.Join(fresh, "bin")); err != nil {
		return "", err
	}
	if err := errors.Join(os.Chmod(fresh, 0o755), os.Rename(fresh, home)); err != nil && !os.IsExist(err) {
		return "", err
	}
	return bin, pointCurrent(dataDir, home)
}

// pointCurrent keeps the links current and previous, as k3s does.
func pointCurrent(dataDir, home string) error {
	current, previous := filepath.Join(dataDir, "data/current"), filepath.Join(dataDir, "data/previous")
	if old, err := os.Readlink(current); err == nil && old != home {
		os.Remove(previous)
		os.Rename(current, previous)
	}
	os.Remove(current)
	return os.Symlink(home, current)
}

func findPayload(file *os.File) (sum string, payload io.Reader, err error) {
	stat, err := file.Stat()
	if err != nil {
		return "", nil, err
	}
	trailer := make([]byte, trailerLength)
	if _, err := file.ReadAt(trailer, stat.Size()-int64(trailerLength)); err != nil {
		return "", nil, err
	}
	if string(trailer[72:]) != payloadMark {
		return "", nil, errors.New("no parts are packed into this program: it was not made by build.sh")
	}
	length := int64(binary.BigEndian.Uint64(trailer[64:72]))
	return string(trailer[:64]), io.NewSectionReader(file, stat.Size()-int64(trailerLength)-length, length), nil
}

func untar(packed io.Reader, into string) error {
	plain, err := gzip.NewReader(packed)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(into, 0o755); err != nil {
		return err
	}
	for archive := tar.NewReader(plain); ; {
		entry, err := archive.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := unpackEntry(archive, entry, filepath.Join(into, filepath.Base(entry.Name))); err != nil {
			return err
		}
	}
}

func unpackEntry(archive io.Reader, entry *tar.Header, path string) error {
	if entry.Typeflag == tar.TypeSymlink {
		return os.Symlink(entry.Linkname, path)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, archive)
	return errors.Join(err, file.Close())
}
