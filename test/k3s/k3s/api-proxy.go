package main

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"strings"
)

var silent = log.New(io.Discard, "", 0)

// apiProxy hands requests on to kube-apiserver. Whoever shows a certificate of the clients' authority is named to it in headers, as
// by any authenticating proxy; everybody else goes on as they came, with their bearer tokens.
type apiProxy struct {
	clients        *x509.CertPool
	named, unnamed http.Handler
}

func newAPIProxy(c *cluster) (*apiProxy, error) {
	pair, err := tls.LoadX509KeyPair(c.tls("client-auth-proxy.crt"), c.tls("client-auth-proxy.key"))
	if err != nil {
		return nil, err
	}
	roots, err := poolOf(c.tls("server-ca.crt"))
	if err != nil {
		return nil, err
	}
	clients := x509.NewCertPool()
	clients.AppendCertsFromPEM(c.clientCA.chain)
	target := apiserverAddress + ":" + c.port
	return &apiProxy{clients, proxyTo(target, &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}}), proxyTo(target, &tls.Config{RootCAs: roots})}, nil
}

// proxyTo has a second transport for connections that change their protocol (exec, port-forward), which HTTP/2 cannot.
func proxyTo(target string, config *tls.Config) http.Handler {
	streams := &http.Transport{TLSClientConfig: config.Clone(), ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 64}
	upgrades := &http.Transport{TLSClientConfig: config.Clone(), TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{}}
	proxy := func(transport http.RoundTripper) *httputil.ReverseProxy {
		return &httputil.ReverseProxy{
			Director:  func(r *http.Request) { r.URL.Scheme, r.URL.Host = "https", target },
			Transport: transport, FlushInterval: -1, ErrorLog: silent,
			ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
				http.Error(w, "apiserver not ready", http.StatusServiceUnavailable)
			},
		}
	}
	plain, upgrading := proxy(streams), proxy(upgrades)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "" {
			upgrading.ServeHTTP(w, r)
		} else {
			plain.ServeHTTP(w, r)
		}
	})
}

func (p *apiProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for header := range r.Header {
		if strings.HasPrefix(header, "X-Remote-") {
			r.Header.Del(header)
		}
	}
	user := p.userOf(r)
	if user == nil {
		p.unnamed.ServeHTTP(w, r)
		return
	}
	r.Header.Set("X-Remote-User", user.Subject.CommonName)
	for _, group := range user.Subject.Organization {
		r.Header.Add("X-Remote-Group", group)
	}
	p.named.ServeHTTP(w, r)
}

func (p *apiProxy) userOf(r *http.Request) *x509.Certificate {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return nil
	}
	between := x509.NewCertPool()
	for _, cert := range r.TLS.PeerCertificates[1:] {
		between.AddCert(cert)
	}
	user := r.TLS.PeerCertificates[0]
	if _, err := user.Verify(x509.VerifyOptions{Roots: p.clients, Intermediates: between, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}); err != nil {
		return nil
	}
	return user
}
