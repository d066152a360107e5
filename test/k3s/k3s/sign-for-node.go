package main

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"strings"
)

// signForNode answers a request for a certificate in PEM.
func (s *supervisor) signForNode(w http.ResponseWriter, r *http.Request) {
	name := r.Header.Get("K3s-Node-Name")
	ca, want := s.clientCA, leaf{}
	switch r.PathValue("certificate") {
	case "client-kubelet.crt":
		want = leaf{name: "system:node:" + name, group: "system:nodes"}
	case "serving-kubelet.crt":
		hosts := append([]string{name, "localhost", "127.0.0.1"}, strings.Split(r.Header.Get("K3s-Node-IP"), ",")...)
		ca, want = s.serverCA, leaf{name: name, hosts: hosts, serves: true}
	case "client-kube-proxy.crt":
		want = leaf{name: "system:kube-proxy"}
	case "client-k3s-controller.crt":
		want = leaf{name: "system:k3s-controller"}
	default:
		http.NotFound(w, r)
		return
	}
	if err := s.checkNodePassword(r.Context(), name, r.Header.Get("K3s-Node-Password")); err != nil {
		warning("%s: %v", name, err)
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	signed, err := signRequest(ca, r.Body, want)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Write(signed)
}

func signRequest(ca *issuer, body io.Reader, want leaf) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(body, 1<<16))
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(content)
	if block == nil {
		return nil, errors.New("no certificate request")
	}
	request, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return nil, err
	}
	if err := request.CheckSignature(); err != nil {
		return nil, err
	}
	return ca.sign(request.PublicKey, want)
}
