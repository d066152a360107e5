package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// parts are the programs that run under this one. When one of them ends, all end, and so does this program: systemd starts it again.
type parts struct {
	dataDir string
	ended   chan error
	mutex   sync.Mutex
	running []*exec.Cmd
	closing bool
	waiting sync.WaitGroup
}

func newParts(dataDir string) *parts {
	return &parts{dataDir: dataDir, ended: make(chan error, 16)}
}

// start runs a part until close.
func (p *parts) start(name string, args ...string) error {
	path, err := partPath(p.dataDir, name)
	if err != nil {
		return err
	}
	info("Running %s %s", name, strings.Join(args, " "))
	command := exec.Command(path, args...)
	command.Env = p.environment()
	command.Stdout, command.Stderr = os.Stderr, os.Stderr
	// No part outlives a k3s that is killed. Containers do: their shims start a session of their own.
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	started := make(chan error)
	p.waiting.Add(1)
	go p.keep(name, command, started)
	return <-started
}

// keep stays on the thread that starts the part: the kernel takes the death of that thread for the parent's.
func (p *parts) keep(name string, command *exec.Cmd, started chan<- error) {
	defer p.waiting.Done()
	runtime.LockOSThread()
	p.mutex.Lock()
	err := command.Start()
	if err == nil {
		p.running = append(p.running, command)
	}
	p.mutex.Unlock()
	started <- err
	if err != nil {
		return
	}
	err = command.Wait()
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.running = slices.DeleteFunc(p.running, func(other *exec.Cmd) bool { return other == command })
	if !p.closing {
		p.ended <- fmt.Errorf("%s exited: %v", name, err)
	}
}

// close ends the parts as the end of k3s ends them, which has most of them in its own process: at once. Those that keep data on the
// disk get to put it in order.
func (p *parts) close() {
	p.mutex.Lock()
	p.closing = true
	running := slices.Clone(p.running)
	p.mutex.Unlock()
	for _, command := range slices.Backward(running) {
		how := syscall.SIGKILL
		if slices.Contains([]string{"etcd", "containerd"}, filepath.Base(command.Path)) {
			how = syscall.SIGTERM
		}
		syscall.Kill(command.Process.Pid, how)
	}
	done := make(chan struct{})
	go func() { p.waiting.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		for _, command := range running {
			syscall.Kill(command.Process.Pid, syscall.SIGKILL)
		}
	}
}

func (p *parts) environment() []string {
	bin, _ := unpack(p.dataDir)
	environment := slices.DeleteFunc(os.Environ(), func(variable string) bool {
		return strings.HasPrefix(variable, "PATH=") || strings.HasPrefix(variable, "NOTIFY_SOCKET=") || strings.HasPrefix(variable, "K3S_")
	})
	return append(environment, "PATH="+bin+":"+os.Getenv("PATH")+":/usr/sbin:/sbin")
}

// output runs a part to its end.
func (p *parts) output(ctx context.Context, name string, args ...string) (string, error) {
	return p.outputOf(ctx, nil, name, args...)
}

func (p *parts) outputOf(ctx context.Context, input io.Reader, name string, args ...string) (string, error) {
	path, err := partPath(p.dataDir, name)
	if err != nil {
		return "", err
	}
	command := exec.CommandContext(ctx, path, args...)
	command.Env = p.environment()
	command.Stdin = input
	var told strings.Builder
	command.Stderr = &told
	output, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(told.String()))
	}
	return string(output), nil
}
