package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"
)

// runToken is `k3s token generate|create|list|delete|rotate`.
func runToken(args []string) error {
	if len(args) == 0 {
		return errors.New("no such command: token (there are create, delete, generate, list and rotate)")
	}
	if args[0] == "generate" {
		fmt.Println(randomToken())
		return nil
	}
	if args[0] == "rotate" {
		return rotateToken(args[1:])
	}
	n, err := newNode("server", keepFlags(args[1:], "--data-dir", "-d"))
	if err != nil {
		return err
	}
	client, err := n.localAPI()
	if err != nil {
		return err
	}
	switch args[0] {
	case "create":
		return createToken(n, client, args[1:])
	case "delete":
		return deleteTokens(client, args[1:])
	case "list":
		return listTokens(client)
	}
	return fmt.Errorf("lab k3s does not do token %s", args[0])
}

func randomToken() string {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789"
	random := make([]byte, 22)
	rand.Read(random)
	for i := range random {
		random[i] = letters[int(random[i])%len(letters)]
	}
	return string(random[:6]) + "." + string(random[6:])
}

func createToken(n *node, client *api, args []string) error {
	token, lifetime, description := randomToken(), 24*time.Hour, ""
	for i := 0; i < len(args); i++ {
		name, value, hasValue := strings.Cut(args[i], "=")
		if !strings.HasPrefix(name, "-") {
			token = name
			continue
		}
		if !hasValue && i+1 < len(args) {
			i++
			value = args[i]
		}
		var err error
		switch name {
		case "--ttl":
			lifetime, err = time.ParseDuration(value)
		case "--description":
			description = value
		case "--data-dir", "-d":
		default:
			err = fmt.Errorf("flag provided but not defined, or not done by lab k3s: %s", name)
		}
		if err != nil {
			return err
		}
	}
	id, password, _ := strings.Cut(token, ".")
	if len(id) != 6 || len(password) != 16 {
		return fmt.Errorf("the bootstrap token %q was not of the form \"\\A([a-z0-9]{6})\\.([a-z0-9]{16})\\z\"", token)
	}
	data := map[string]string{"token-id": id, "token-secret": password, "usage-bootstrap-authentication": "true", "usage-bootstrap-signing": "true", "auth-extra-groups": "system:bootstrappers:k3s:default-node-token", "description": description}
	if lifetime > 0 {
		data["expiration"] = time.Now().Add(lifetime).UTC().Format(time.RFC3339)
	}
	object := map[string]any{"apiVersion": "v1", "kind": "Secret", "type": "bootstrap.kubernetes.io/token", "metadata": map[string]any{"name": "bootstrap-token-" + id}, "stringData": data}
	if err := client.create(context.Background(), secretsPath, object); err != nil {
		return err
	}
	fmt.Printf("K10%s::%s\n", hashOf(readIfThere(n.tls("server-ca.crt"))), token)
	return nil
}

func deleteTokens(client *api, tokens []string) error {
	for _, token := range tokens {
		id, _, _ := strings.Cut(token, ".")
		if err := client.remove(context.Background(), secretsPath+"/bootstrap-token-"+id); err != nil {
			return err
		}
		fmt.Printf("bootstrap token %q deleted\n", id)
	}
	return nil
}

func listTokens(client *api) error {
	var list struct {
		Items []struct {
			Metadata struct{ Name string }
			Type     string
		}
	}
	if err := client.get(context.Background(), secretsPath, &list); err != nil {
		return err
	}
	fmt.Println("TOKEN")
	for _, item := range list.Items {
		if item.Type == "bootstrap.kubernetes.io/token" {
			fmt.Println(strings.TrimPrefix(item.Metadata.Name, "bootstrap-token-") + ".<redacted>")
		}
	}
	return nil
}
