package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestImagesWhoseProgramIsNotThereAreLeftOut(t *testing.T) {
	work := t.TempDir()
	list := filepath.Join(work, "images.txt")
	if err := os.WriteFile(list, []byte("# a comment\nexample.org/one:1 one\nexample.org/two:2 two\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(work, "two"), []byte("program"), 0o700); err != nil {
		t.Fatal(err)
	}
	images, err := readList(list, work)
	if err != nil || len(images) != 1 || images[0].name != "example.org/two:2" {
		t.Fatal(images, err)
	}
	out := filepath.Join(work, "out.tar.gz")
	if err := packImages(out, list, work); err != nil {
		t.Fatal(err)
	}
	if stat, err := os.Stat(out); err != nil || stat.Size() == 0 {
		t.Fatal("no archive")
	}
}
