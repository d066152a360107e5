package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"slices"
	"strings"
	"time"
)

const year = 365 * 24 * time.Hour

// renewBefore: what has fewer days left is made anew at a start.
const renewBefore = 120 * 24 * time.Hour

// issuer is a certificate authority whose certificate lies in `<path>.crt`, and its key in `<path>.key`.
type issuer struct {
	cert  *x509.Certificate
	key   crypto.Signer
	chain []byte
}

// leaf is what a certificate says of its holder.
type leaf struct {
	name, group string
	hosts       []string
	serves      bool
}

func loadIssuer(path, name string) (*issuer, error) {
	if _, err := os.Stat(path + ".crt"); os.IsNotExist(err) {
		if err := makeIssuer(path, fmt.Sprintf("%s@%d", name, time.Now().Unix())); err != nil {
			return nil, err
		}
	}
	chain, err := os.ReadFile(path + ".crt")
	if err != nil {
		return nil, err
	}
	cert, err := parseCertificate(chain)
	if err != nil {
		return nil, fmt.Errorf("%s.crt: %w", path, err)
	}
	key, err := loadKey(path + ".key")
	return &issuer{cert, key, chain}, err
}

func makeIssuer(path, name string) error {
	key, err := makeKey(path + ".key")
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(10 * year),
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	return writeFile(path+".crt", certificatePEM(der), 0o644)
}

// keep sees to a certificate and its key at path: made anew where it is missing, soon over, of another authority or for other names.
func (ca *issuer) keep(path string, want leaf) error {
	if content, err := os.ReadFile(path + ".crt"); err == nil {
		if cert, err := parseCertificate(content); err == nil && ca.isGood(cert, want) {
			return nil
		}
	}
	key, err := loadKey(path + ".key")
	if os.IsNotExist(err) {
		key, err = makeKey(path + ".key")
	}
	if err != nil {
		return err
	}
	signed, err := ca.sign(key.Public(), want)
	if err != nil {
		return err
	}
	return writeFile(path+".crt", signed, 0o644)
}

func (ca *issuer) isGood(cert *x509.Certificate, want leaf) bool {
	return cert.CheckSignatureFrom(ca.cert) == nil && time.Until(cert.NotAfter) > renewBefore && slices.Equal(hostsOf(cert), sortedHosts(want.hosts))
}

// sign returns the certificate with its authority's behind it.
func (ca *issuer) sign(key crypto.PublicKey, want leaf) ([]byte, error) {
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: want.name}, NotBefore: ca.cert.NotBefore, NotAfter: time.Now().Add(year),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	if want.group != "" {
		template.Subject.Organization = []string{want.group}
	}
	if want.serves {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	}
	for _, host := range sortedHosts(want.hosts) {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca.cert, key, ca.key)
	if err != nil {
		return nil, err
	}
	info("certificate CN=%s signed by CN=%s: notBefore=%s notAfter=%s", want.name, ca.cert.Subject.CommonName, template.NotBefore.UTC(), template.NotAfter.UTC())
	return append(certificatePEM(der), ca.chain...), nil
}

func sortedHosts(hosts []string) []string {
	sorted := slices.Clone(hosts)
	for i, host := range sorted {
		if ip := net.ParseIP(host); ip != nil {
			sorted[i] = ip.String()
		}
	}
	slices.Sort(sorted)
	return slices.DeleteFunc(slices.Compact(sorted), func(host string) bool { return strings.TrimSpace(host) == "" })
}

func hostsOf(cert *x509.Certificate) []string {
	hosts := slices.Clone(cert.DNSNames)
	for _, ip := range cert.IPAddresses {
		hosts = append(hosts, ip.String())
	}
	return sortedHosts(hosts)
}

func makeKey(path string) (crypto.Signer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	return key, writeFile(path, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), 0o600)
}

func loadKey(path string) (crypto.Signer, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	for block, rest := pem.Decode(content); block != nil; block, rest = pem.Decode(rest) {
		if key, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
			return key, nil
		}
		if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
			return key, nil
		}
		if key, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
			return key.(crypto.Signer), nil
		}
	}
	return nil, errors.New(path + " holds no private key")
}

func parseCertificate(content []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(content)
	if block == nil {
		return nil, errors.New("no certificate")
	}
	return x509.ParseCertificate(block.Bytes)
}

func certificatePEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func serial() *big.Int {
	number, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 62))
	return number
}
