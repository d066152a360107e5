//go:build never

// The programs that are built, for `go mod` to know them.
package part

import (
	_ "github.com/coredns/coredns"
)
