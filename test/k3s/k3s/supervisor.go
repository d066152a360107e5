package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"crypto/subtle"
)

// apiserverAddress is where kube-apiserver listens, at the port of this program's own listener: the port that it announces as an
// endpoint of the service "kubernetes" is then the one at which all the world reaches it.
const apiserverAddress = "127.0.0.2"

// supervisor answers at the port of a server: what nodes need to join, and all else from kube-apiserver.
type supervisor struct {
	*cluster
	api   *api
	store *etcd
	ready atomic.Bool
}

func (s *supervisor) listen() error {
	listener, err := listenShared(net.JoinHostPort(s.bindAddress(), s.port))
	if err != nil {
		return err
	}
	pair, err := tls.LoadX509KeyPair(s.tls("serving-kube-apiserver.crt"), s.tls("serving-kube-apiserver.key"))
	if err != nil {
		return err
	}
	clients := x509.NewCertPool()
	clients.AppendCertsFromPEM(s.clientCA.chain)
	proxy, err := newAPIProxy(s.cluster)
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:   s.handler(proxy),
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequestClientCert, MinVersion: tls.VersionTLS12},
		ErrorLog:  silent,
	}
	go func() { warning("supervisor: %v", server.ServeTLS(listener, "", "")) }()
	return nil
}

func (s *supervisor) handler(proxy http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ping", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "pong") })
	mux.HandleFunc("GET /cacerts", func(w http.ResponseWriter, _ *http.Request) { w.Write(s.serverCA.chain) })
	mux.HandleFunc("GET /v1-k3s/client-ca.crt", s.forNodes(func(w http.ResponseWriter, _ *http.Request) { w.Write(s.clientCA.chain) }))
	mux.HandleFunc("GET /v1-k3s/readyz", s.forNodes(s.whenReady(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") })))
	mux.HandleFunc("GET /v1-k3s/config", s.forNodes(s.tellConfig))
	mux.HandleFunc("GET /v1-k3s/apiservers", s.forNodes(s.whenReady(s.tellServers)))
	mux.HandleFunc("GET /v1-k3s/server-bootstrap", s.forServers(s.tellShared))
	mux.HandleFunc("GET /db/info", s.forServers(s.tellStore))
	mux.HandleFunc("POST /v1-k3s/{certificate}", s.forNodes(s.whenReady(s.signForNode)))
	mux.Handle("GET /static/", http.StripPrefix("/static/", http.FileServer(http.Dir(s.server("static")))))
	mux.Handle("/", proxy)
	return mux
}

func (s *supervisor) whenReady(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !s.ready.Load() {
			http.Error(w, "apiserver not ready", http.StatusServiceUnavailable)
			return
		}
		next(w, r)
	}
}

func (s *supervisor) forServers(next http.HandlerFunc) http.HandlerFunc { return s.only(next, false) }
func (s *supervisor) forNodes(next http.HandlerFunc) http.HandlerFunc   { return s.only(next, true) }

func (s *supervisor) only(next http.HandlerFunc, agentsToo bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		isServer := user == "server" && same(password, s.token)
		isAgent := user == "node" && same(password, s.agentToken) || agentsToo && !isServer && s.isBootstrapToken(r.Context(), user, password)
		if isServer || agentsToo && isAgent {
			next(w, r)
			return
		}
		http.Error(w, "Unauthorized", http.StatusUnauthorized)
	}
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

func (s *supervisor) tellConfig(w http.ResponseWriter, _ *http.Request) {
	json.NewEncoder(w).Encode(s.critical())
}

func (s *supervisor) tellShared(w http.ResponseWriter, _ *http.Request) {
	files, err := s.readShared()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	json.NewEncoder(w).Encode(files)
}

// tellServers lists the endpoints of the service "kubernetes".
func (s *supervisor) tellServers(w http.ResponseWriter, r *http.Request) {
	servers, err := s.api.servers(r.Context())
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	json.NewEncoder(w).Encode(servers)
}

// tellStore lists the client addresses of etcd's members.
func (s *supervisor) tellStore(w http.ResponseWriter, r *http.Request) {
	members, err := s.store.members(r.Context(), s.store.local())
	if err != nil || !s.isClustered() {
		http.Error(w, "etcd disabled", http.StatusServiceUnavailable)
		return
	}
	endpoints := []string{}
	for _, member := range members {
		if !member.IsLearner {
			endpoints = append(endpoints, member.ClientURLs...)
		}
	}
	json.NewEncoder(w).Encode(map[string][]string{"endpoints": endpoints})
}

func (a *api) servers(ctx context.Context) ([]string, error) {
	var slice struct {
		Endpoints []struct{ Addresses []string }
		Ports     []struct{ Port int }
	}
	if err := a.get(ctx, "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes", &slice); err != nil {
		return nil, err
	}
	servers := []string{}
	for _, endpoint := range slice.Endpoints {
		for _, address := range endpoint.Addresses {
			servers = append(servers, fmt.Sprintf("%s:%d", address, slice.Ports[0].Port))
		}
	}
	return servers, nil
}

// watchReady follows kube-apiserver's readiness.
func (s *supervisor) watchReady(ctx context.Context) {
	for ctx.Err() == nil {
		s.ready.Store(s.api.isReady(ctx))
		time.Sleep(time.Second)
	}
}

func readIfThere(path string) []byte {
	content, _ := os.ReadFile(filepath.Clean(path))
	return content
}
