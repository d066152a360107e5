//go:build never

// The program that is built, for `go mod` to know it.
package part

import _ "sigs.k8s.io/metrics-server/cmd/metrics-server"
