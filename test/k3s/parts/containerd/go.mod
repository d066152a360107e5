module lab/containerd

go 1.25.0

require (
	github.com/containerd/containerd/v2 v2.1.5
	github.com/containernetworking/plugins v1.8.0
)
