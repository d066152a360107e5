package main

import (
	"strings"
	"testing"
)

func TestFlagsThatACommandDoesNotTakeAreRefused(t *testing.T) {
	if given, err := parse([]string{"-a", "--name=web", "-o", "json", "x"}, commands["ps"].flags); err != nil || !given.all || given.name != "web" || given.output != "json" || given.names[0] != "x" {
		t.Error(given, err)
	}
	for _, args := range [][]string{{"--latest"}, {"--prune"}, {"-o"}, {"-o", "yaml"}} {
		if _, err := parse(args, commands["ps"].flags); err == nil {
			t.Errorf("%q is taken", args)
		}
	}
	if err := run([]string{"exec"}); err == nil || !strings.Contains(err.Error(), "does not do") {
		t.Error(err)
	}
}

func TestSizesAreReadable(t *testing.T) {
	for bytes, want := range map[uint64]string{999: "999B", 1500000: "1.5MB", 67300000: "67.3MB"} {
		if got := size(bytes); got != want {
			t.Error(bytes, got)
		}
	}
}
