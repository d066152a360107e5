package main

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/url"
	"os"
	"slices"
	"sync"
	"time"
)

// balancer is an agent's own way to the servers: it keeps answering while one of them does.
type balancer struct {
	url, server, file string
	mutex             sync.Mutex
	servers           []string
}

// remembered is what a restart finds.
type remembered struct {
	ServerURL       string
	ServerAddresses []string
}

func startBalancer(n *node, server string) (*balancer, error) {
	parsed, err := url.Parse(server)
	if err != nil {
		return nil, err
	}
	first := parsed.Host
	if parsed.Port() == "" {
		first = net.JoinHostPort(parsed.Hostname(), "443")
	}
	b := &balancer{server: server, file: n.path("agent/etc/k3s-agent-load-balancer.json"), servers: []string{first}}
	b.recall()
	address := "127.0.0.1:" + n.text("lb-server-port", "6444")
	b.url = "https://" + address
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	info("Running load balancer k3s-agent-load-balancer %s -> %v [default: %s]", address, b.servers, first)
	go b.serve(listener)
	return b, nil
}

// recall takes over the servers of an earlier run, if it was for the same one.
func (b *balancer) recall() {
	var before remembered
	content, err := os.ReadFile(b.file)
	if err == nil && json.Unmarshal(content, &before) == nil && before.ServerURL == b.server {
		for _, address := range before.ServerAddresses {
			if !slices.Contains(b.servers, address) {
				b.servers = append(b.servers, address)
			}
		}
	}
}

func (b *balancer) serve(listener net.Listener) {
	for {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		go b.carry(connection)
	}
}

func (b *balancer) carry(from net.Conn) {
	defer from.Close()
	to := b.dial()
	if to == nil {
		return
	}
	defer to.Close()
	done := make(chan struct{}, 2)
	go func() { io.Copy(to, from); done <- struct{}{} }()
	go func() { io.Copy(from, to); done <- struct{}{} }()
	<-done
}

// dial puts a server that does not answer last.
func (b *balancer) dial() net.Conn {
	b.mutex.Lock()
	servers := slices.Clone(b.servers)
	b.mutex.Unlock()
	for _, server := range servers {
		if connection, err := net.DialTimeout("tcp", server, 3*time.Second); err == nil {
			return connection
		}
		b.mutex.Lock()
		if at := slices.Index(b.servers, server); at >= 0 {
			b.servers = append(slices.Delete(b.servers, at, at+1), server)
		}
		b.mutex.Unlock()
	}
	return nil
}

// follow keeps the list as the cluster has it.
func (b *balancer) follow(ctx context.Context, from *join) {
	for ctx.Err() == nil {
		var servers []string
		if err := from.json(ctx, "/v1-k3s/apiservers", &servers); err == nil && len(servers) > 0 {
			b.take(servers)
		}
		time.Sleep(10 * time.Second)
	}
}

func (b *balancer) take(servers []string) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	kept := slices.DeleteFunc(slices.Clone(b.servers), func(server string) bool { return !slices.Contains(servers, server) })
	for _, server := range servers {
		if !slices.Contains(kept, server) {
			kept = append(kept, server)
		}
	}
	if slices.Equal(kept, b.servers) {
		return
	}
	b.servers = kept
	if content, err := json.Marshal(remembered{b.server, kept}); err == nil {
		writeFile(b.file, content, 0o600)
	}
	info("Updated load balancer k3s-agent-load-balancer server addresses -> %v", kept)
}
