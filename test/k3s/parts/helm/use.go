//go:build never

// The program that is built, for `go mod` to know it.
package part

import _ "helm.sh/helm/v3/cmd/helm"
