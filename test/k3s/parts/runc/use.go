//go:build never

// The program that is built, for `go mod` to know it.
package runc

import _ "github.com/opencontainers/runc"
