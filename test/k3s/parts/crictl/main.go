// What is most used of crictl, spoken to containerd by the same interface (CRI): its own module cannot be had. All else is refused.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
)

type client struct {
	runtime cri.RuntimeServiceClient
	images  cri.ImageServiceClient
}

// options are the flags of all commands; each command names those that it takes.
type options struct {
	all, quiet, prune             bool
	output, name, namespace, pods string
	state                         string
	names                         []string
}

type command struct {
	flags string
	run   func(context.Context, client, options) error
}

var commands = map[string]command{
	"ps":       {"-a --all -q --quiet -o --output --name -p --pod --state -s", ps},
	"pods":     {"-q --quiet -o --output --name --namespace --state -s", listPods},
	"images":   {"-q --quiet -o --output", listImages},
	"info":     {"-o --output", info},
	"version":  {"", version},
	"inspect":  {"-o --output", each(inspect)},
	"inspectp": {"-o --output", each(inspectPod)},
	"inspecti": {"-o --output", each(inspectImage)},
	"pull":     {"-q --quiet", each(pull)},
	"rmi":      {"-q --prune", removeImages},
	"stop": {"", each(func(ctx context.Context, c client, id string) error {
		_, err := c.runtime.StopContainer(ctx, &cri.StopContainerRequest{ContainerId: id})
		return said(id, err)
	})},
	"rm": {"", each(func(ctx context.Context, c client, id string) error {
		_, err := c.runtime.RemoveContainer(ctx, &cri.RemoveContainerRequest{ContainerId: id})
		return said(id, err)
	})},
	"stopp": {"", each(func(ctx context.Context, c client, id string) error {
		_, err := c.runtime.StopPodSandbox(ctx, &cri.StopPodSandboxRequest{PodSandboxId: id})
		return said("Stopped sandbox "+id, err)
	})},
	"rmp": {"", each(func(ctx context.Context, c client, id string) error {
		_, err := c.runtime.RemovePodSandbox(ctx, &cri.RemovePodSandboxRequest{PodSandboxId: id})
		return said("Removed sandbox "+id, err)
	})},
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "crictl:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	endpoint := os.Getenv("CONTAINER_RUNTIME_ENDPOINT")
	if len(args) == 0 {
		return errors.New("a command is needed: ps, pods, images, info, version, inspect, inspectp, inspecti, pull, rmi, stop, rm, stopp or rmp")
	}
	wanted, known := commands[args[0]]
	if !known {
		return fmt.Errorf("the crictl of lab k3s does not do %q", args[0])
	}
	given, err := parse(args[1:], wanted.flags)
	if err != nil {
		return err
	}
	connection, err := grpc.NewClient(endpoint, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(16<<20)))
	if err != nil {
		return err
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	return wanted.run(ctx, client{cri.NewRuntimeServiceClient(connection), cri.NewImageServiceClient(connection)}, given)
}

// parse refuses flags that a command does not take.
func parse(args []string, taken string) (options, error) {
	given := options{output: "table"}
	texts := map[string]*string{"-o": &given.output, "--output": &given.output, "--name": &given.name, "--namespace": &given.namespace, "-p": &given.pods, "--pod": &given.pods, "--state": &given.state, "-s": &given.state}
	switches := map[string]*bool{"-a": &given.all, "--all": &given.all, "-q": &given.quiet, "--quiet": &given.quiet, "--prune": &given.prune}
	for i := 0; i < len(args); i++ {
		name, value, hasValue := strings.Cut(args[i], "=")
		if !strings.HasPrefix(name, "-") {
			given.names = append(given.names, args[i])
			continue
		}
		text, isText := texts[name]
		toggle, isToggle := switches[name]
		if !strings.Contains(" "+taken+" ", " "+name+" ") || !isText && !isToggle {
			return given, fmt.Errorf("the crictl of lab k3s does not know the flag %s here", name)
		}
		if isToggle {
			*toggle = !hasValue || value == "true"
			continue
		}
		if !hasValue {
			if i++; i == len(args) {
				return given, fmt.Errorf("%s needs a value", name)
			}
			value = args[i]
		}
		*text = value
	}
	if given.output != "table" && given.output != "json" {
		return given, fmt.Errorf("--output is table or json here, not %q", given.output)
	}
	return given, nil
}

// each does something for every name given.
func each(do func(context.Context, client, string) error) func(context.Context, client, options) error {
	return func(ctx context.Context, c client, given options) error {
		if len(given.names) == 0 {
			return errors.New("a name or an id is needed")
		}
		for _, name := range given.names {
			if err := do(ctx, c, name); err != nil {
				return err
			}
		}
		return nil
	}
}

func said(text string, err error) error {
	if err == nil {
		fmt.Println(text)
	}
	return err
}
