package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// join asks a server for what a node needs.
type join struct {
	url    string
	token  joinToken
	client *http.Client
}

func newJoin(url string, token joinToken, authority []byte) *join {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
	return &join{strings.TrimRight(url, "/"), token, &http.Client{Transport: transport, Timeout: 15 * time.Second}}
}

// fetchAuthority gets the servers' certificate authority, and holds it against the hash of a full token.
func fetchAuthority(server string, token joinToken) ([]byte, error) {
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	client := &http.Client{Transport: transport, Timeout: 10 * time.Second}
	answer, err := client.Get(strings.TrimRight(server, "/") + "/cacerts")
	if err != nil {
		return nil, fmt.Errorf("failed to get CA certs: %w", err)
	}
	defer answer.Body.Close()
	authority, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		return nil, errors.Join(err, fmt.Errorf("failed to get CA certs: %s", answer.Status))
	}
	if token.hash == "" {
		warning("Cluster CA certificate is not trusted by the host CA bundle, but the token does not include a CA hash. Use the full token from the server's node-token file to enable Cluster CA validation.")
	} else if token.hash != hashOf(authority) {
		return nil, fmt.Errorf("token CA hash does not match the Cluster CA certificate hash: %s != %s", token.hash, hashOf(authority))
	}
	return authority, nil
}

func (j *join) call(ctx context.Context, method, path string, headers map[string]string, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, j.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.SetBasicAuth(j.token.user, j.token.password)
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	answer, err := j.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode == http.StatusUnauthorized {
		return nil, fmt.Errorf("%s: not authorized", j.url+path)
	}
	if answer.StatusCode != http.StatusOK {
		return nil, &apiError{answer.StatusCode, fmt.Sprintf("%s: %s", j.url+path, strings.TrimSpace(string(content)))}
	}
	return content, nil
}

func (j *join) json(ctx context.Context, path string, result any) error {
	content, err := j.call(ctx, http.MethodGet, path, nil, nil)
	if err != nil {
		return err
	}
	return json.Unmarshal(content, result)
}

// certificate gets one for a key that stays here, of a kind that the server names; path is without .crt and .key.
func (j *join) certificate(ctx context.Context, n *node, kind, password, path string) error {
	key, err := loadKey(path + ".key")
	if os.IsNotExist(err) {
		key, err = makeKey(path + ".key")
	}
	if err != nil {
		return err
	}
	request, err := requestFor(key, n.name)
	if err != nil {
		return err
	}
	headers := map[string]string{"K3s-Node-Name": n.name, "K3s-Node-Password": password, "K3s-Node-IP": n.address}
	signed, err := j.call(ctx, http.MethodPost, "/v1-k3s/"+kind+".crt", headers, request)
	if err != nil {
		return err
	}
	return writeFile(path+".crt", signed, 0o644)
}

func requestFor(key crypto.Signer, name string) ([]byte, error) {
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: name}}, key)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}), err
}

func hostOf(server string) string {
	parsed, err := url.Parse(server)
	if err != nil {
		return server
	}
	return parsed.Hostname()
}

// tokenToJoin is what this machine shows to the server that it is to join, as a server or a node; without one it says what is missing.
func (n *node) tokenToJoin(user, missing string) (joinToken, error) {
	if server := n.text("server", ""); !strings.HasPrefix(server, "https://") {
		return joinToken{}, fmt.Errorf("invalid server url, failed to parse: %s must start with https://", server)
	}
	given, err := n.givenToken("token")
	if err != nil {
		return joinToken{}, err
	}
	if given == "" {
		return joinToken{}, errors.New(missing)
	}
	return parseToken(given, user)
}
