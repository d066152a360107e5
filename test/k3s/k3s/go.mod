module lab/k3s

go 1.25.0

require sigs.k8s.io/yaml v1.6.0

require (
	github.com/klauspost/compress v1.18.0 // indirect
	go.yaml.in/yaml/v2 v2.4.2 // indirect
)
