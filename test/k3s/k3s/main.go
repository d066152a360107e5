// Lab k3s: the documented contract of k3s, with the real parts of Kubernetes running under it.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
)

// Told by the linker.
var (
	version = "v0.0.0+k3s1"
	commit  = "lab"
)

// What the program does when it is called, or linked, by another name.
var otherNames = []string{"kubectl", "crictl", "ctr"}

var commands = map[string]func(args []string) error{
	"server":          runServer,
	"agent":           runAgent,
	"kubectl":         runKubectl,
	"ctr":             runCtr,
	"crictl":          runCrictl,
	"token":           runToken,
	"etcd-snapshot":   runSnapshot,
	"secrets-encrypt": runSecretsEncrypt,
	"certificate":     runCertificate,
}

func main() {
	args := os.Args[1:]
	if name := filepath.Base(os.Args[0]); slices.Contains(otherNames, name) {
		args = append([]string{name}, args...)
	}
	if err := dispatch(args); err != nil {
		var exit exitCode
		if errors.As(err, &exit) {
			os.Exit(int(exit))
		}
		logLine("fatal", "%v", err)
		os.Exit(1)
	}
}

// exitCode ends the program with the code of another one, which has said what there was to say.
type exitCode int

func (code exitCode) Error() string { return fmt.Sprintf("exit %d", int(code)) }

func dispatch(args []string) error {
	if len(args) == 0 || slices.Contains([]string{"help", "--help", "-h"}, args[0]) {
		fmt.Print(usage)
		return nil
	}
	if args[0] == "--version" || args[0] == "-v" {
		fmt.Printf("k3s version %s (%s)\ngo version %s\n", version, commit, runtime.Version())
		return nil
	}
	command := commands[args[0]]
	if command == nil {
		return fmt.Errorf("no such command: %s", args[0])
	}
	return command(args[1:])
}

const usage = `NAME:
   k3s - Kubernetes, small and simple (lab build: the contract of k3s for tests, see test/k3s/README.md)

USAGE:
   k3s [global options] command [command options]

COMMANDS:
   server           Run management server
   agent            Run node agent
   kubectl          Run kubectl
   crictl           Run crictl
   ctr              Run ctr
   token            Manage tokens
   etcd-snapshot    Manage etcd snapshots
   secrets-encrypt  Control secrets encryption and keys rotation
   certificate      Manage K3s certificates
   help             Shows a list of commands or help for one command

GLOBAL OPTIONS:
   --help, -h     show help
   --version, -v  print the version
`
