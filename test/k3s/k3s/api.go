package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

// api talks to the Kubernetes API.
type api struct {
	base   string
	client *http.Client
}

// apiError is an answer that says no.
type apiError struct {
	code    int
	message string
}

func (e *apiError) Error() string { return fmt.Sprintf("%s (%d)", e.message, e.code) }

func isCode(err error, code int) bool {
	told, ok := err.(*apiError)
	return ok && told.code == code
}

// newAPI identifies itself with the certificate and key at path.
func newAPI(base, authority, path string) (*api, error) {
	pair, err := tls.LoadX509KeyPair(path+".crt", path+".key")
	if err != nil {
		return nil, err
	}
	roots, err := poolOf(authority)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true}
	return &api{base, &http.Client{Transport: transport, Timeout: 30 * time.Second}}, nil
}

func poolOf(file string) (*x509.CertPool, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(content) {
		return nil, fmt.Errorf("%s holds no certificate", file)
	}
	return pool, nil
}

// call sends a request and reads the JSON of its answer into result, if that is not nil.
func (a *api) call(ctx context.Context, method, path, contentType string, body any, result any) error {
	var content io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(ctx, method, a.base+path, content)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", contentType)
	request.Header.Set("Accept", "application/json")
	answer, err := a.client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	told, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode >= 300 {
		return &apiError{answer.StatusCode, messageOf(told)}
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(told, result)
}

func messageOf(body []byte) string {
	var status struct{ Message string }
	if json.Unmarshal(body, &status) == nil && status.Message != "" {
		return status.Message
	}
	return strings.TrimSpace(string(body))
}

func (a *api) get(ctx context.Context, path string, result any) error {
	return a.call(ctx, http.MethodGet, path, "application/json", nil, result)
}

func (a *api) create(ctx context.Context, path string, object any) error {
	return a.call(ctx, http.MethodPost, path, "application/json", object, nil)
}

// replace needs the object's resourceVersion, and fails when it was changed since.
func (a *api) replace(ctx context.Context, path string, object any) error {
	return a.call(ctx, http.MethodPut, path, "application/json", object, nil)
}

// merge changes the fields that are named.
func (a *api) merge(ctx context.Context, path string, patch any) error {
	return a.call(ctx, http.MethodPatch, path, "application/merge-patch+json", patch, nil)
}

// apply is a server-side apply; JSON is YAML.
func (a *api) apply(ctx context.Context, path, manager string, object any) error {
	return a.call(ctx, http.MethodPatch, path+"?force=true&fieldManager="+manager, "application/apply-patch+yaml", object, nil)
}

func (a *api) remove(ctx context.Context, path string) error {
	err := a.call(ctx, http.MethodDelete, path+"?propagationPolicy=Background", "application/json", nil, nil)
	if isCode(err, http.StatusNotFound) {
		return nil
	}
	return err
}

// isReady asks /readyz.
func (a *api) isReady(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, a.base+"/readyz", nil)
	if err != nil {
		return false
	}
	answer, err := a.client.Do(request)
	if err != nil {
		return false
	}
	answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}
