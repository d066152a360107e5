//go:build never

// The program that is built, for `go mod` to know it.
package part

import _ "github.com/traefik/traefik/v3/cmd/traefik"
