package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// inLab tells whether this machine is a container of systemd-nspawn: what only the lab needs is done there alone.
func inLab() bool {
	content, _ := os.ReadFile("/run/systemd/container")
	return strings.TrimSpace(string(content)) == "systemd-nspawn"
}

// prepareHost makes a lab host a place where a kubelet can run, and returns the control group below which it stays. All hosts of a
// machine may share one hierarchy, and a kubelet removes what it does not know. Real machines need none of it.
func prepareHost(n *node) (string, error) {
	if !inLab() {
		return "", nil
	}
	if err := os.Remove("/dev/kmsg"); err != nil && !os.IsNotExist(err) {
		return "", err
	}
	if err := os.Symlink("/dev/null", "/dev/kmsg"); err != nil {
		return "", err
	}
	for _, command := range [][]string{{"mount", "-o", "remount,bind,rw", "/proc/sys"}, {"mount", "--make-rshared", "/"}} {
		if err := mustRun(command); err != nil {
			return "", err
		}
	}
	return makeRoot("/sys/fs/cgroup")
}

func mustRun(command []string) error {
	if output, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(command, " "), err, strings.TrimSpace(string(output)))
	}
	return nil
}

// makeRoot makes a group of one name in each hierarchy of version 1, below the host's own.
func makeRoot(top string) (string, error) {
	own := ownGroup()
	name := strings.TrimSuffix(own, "/") + "/k3s"
	hierarchies, err := filepath.Glob(top + "/*/cgroup.procs")
	if err != nil {
		return "", err
	}
	for _, file := range hierarchies {
		hierarchy := filepath.Dir(file)
		if filepath.Base(hierarchy) == "unified" {
			continue
		}
		if filepath.Base(hierarchy) != "systemd" {
			if err := mustRun([]string{"mount", "-o", "remount,bind,rw", hierarchy}); err != nil {
				return "", err
			}
		}
		if err := os.MkdirAll(hierarchy+name, 0o755); err != nil {
			return "", err
		}
		if err := inheritProcessors(hierarchy, name); err != nil {
			return "", err
		}
	}
	return name, nil
}

// ownGroup is where the host's init stands in the memory hierarchy: the lab gives each host a group of its own.
func ownGroup() string {
	content, _ := os.ReadFile("/proc/1/cgroup")
	for _, line := range strings.Split(string(content), "\n") {
		if columns := strings.SplitN(line, ":", 3); len(columns) == 3 && columns[1] == "memory" {
			return columns[2]
		}
	}
	return "/"
}

// inheritProcessors: a new group of this kind has none, and takes no process.
func inheritProcessors(hierarchy, name string) error {
	for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
		for group := filepath.Dir(name); ; group = filepath.Dir(group) {
			content, err := os.ReadFile(filepath.Join(hierarchy, group, file))
			if err != nil {
				break
			}
			if len(strings.TrimSpace(string(content))) > 0 {
				if err := os.WriteFile(filepath.Join(hierarchy, name, file), content, 0o644); err != nil {
					return err
				}
				break
			}
			if group == "/" {
				break
			}
		}
	}
	return nil
}
