package main

import (
	"errors"
	"fmt"
	"os"
)

// runSecretsEncrypt is `k3s secrets-encrypt status`.
func runSecretsEncrypt(args []string) error {
	if len(args) == 0 || args[0] != "status" {
		return errors.New("lab k3s does only secrets-encrypt status")
	}
	n, err := newNode("server", keepFlags(args[1:], "--data-dir", "-d"))
	if err != nil {
		return err
	}
	if _, err := os.Stat(n.server("cred/encryption-config.json")); err != nil {
		fmt.Println("Encryption Status: Disabled, no configuration file found")
		return nil
	}
	fmt.Print("Encryption Status: Enabled\nCurrent Rotation Stage: start\nServer Encryption Hashes: All hashes match\n\nActive  Key Type  Name\n------  --------  ----\n *      AES-CBC   aescbckey\n")
	return nil
}
