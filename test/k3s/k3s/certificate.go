package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"
)

// runCertificate is `k3s certificate check|rotate`.
func runCertificate(args []string) error {
	if len(args) == 0 || args[0] != "check" && args[0] != "rotate" {
		return errors.New("no such command: certificate " + strings.Join(args, " ") + " (there are check and rotate)")
	}
	n, err := newNode("server", keepFlags(args[1:], "--data-dir", "-d", "--config", "-c"))
	if err != nil {
		return err
	}
	if args[0] == "rotate" {
		return rotateCertificates(n)
	}
	return checkCertificates(n, strings.Contains(strings.Join(args, " "), "table"))
}

// keepFlags leaves those that a server knows too.
func keepFlags(args []string, names ...string) []string {
	kept := []string{}
	for i, arg := range args {
		for _, name := range names {
			if strings.HasPrefix(arg, name+"=") {
				kept = append(kept, arg)
			} else if arg == name && i+1 < len(args) {
				kept = append(kept, name+"="+args[i+1])
			}
		}
	}
	return kept
}

func (n *node) certificates() ([]string, error) {
	files := []string{}
	for _, directory := range []string{n.path("server/tls"), n.path("agent")} {
		err := filepath.WalkDir(directory, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && entry.IsDir() && (entry.Name() == "containerd" || entry.Name() == "temporary-certs") {
				return fs.SkipDir
			}
			if err == nil && filepath.Ext(path) == ".crt" {
				files = append(files, path)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return files, nil
}

func checkCertificates(n *node, asTable bool) error {
	files, err := n.certificates()
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	if asTable {
		fmt.Fprintln(table, "FILENAME\tSUBJECT\tUSAGES\tEXPIRES\tRESIDUAL TIME\tSTATUS")
		fmt.Fprintln(table, "--------\t-------\t------\t-------\t-------------\t------")
	} else {
		info("Checking certificates")
	}
	for _, file := range files {
		cert, err := parseCertificate(readIfThere(file))
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		left := time.Until(cert.NotAfter)
		switch {
		case asTable:
			status := "OK"
			if left < 0 {
				status = "EXPIRED"
			} else if left < renewBefore {
				status = "WARNING"
			}
			fmt.Fprintf(table, "%s\tCN=%s\t%s\t%s\t%s\t%s\n", filepath.Base(file), cert.Subject.CommonName, usageOf(file, cert.IsCA), cert.NotAfter.UTC().Format("Jan 02, 2006 15:04 MST"), left.Round(time.Hour), status)
		case left < 0:
			logLine("error", "%s: certificate CN=%s expired at %s", file, cert.Subject.CommonName, cert.NotAfter.UTC().Format(time.RFC3339))
		case left < renewBefore:
			warning("%s: certificate CN=%s will expire within %d days at %s", file, cert.Subject.CommonName, int(renewBefore.Hours()/24), cert.NotAfter.UTC().Format(time.RFC3339))
		default:
			info("%s: certificate CN=%s is ok, expires at %s", file, cert.Subject.CommonName, cert.NotAfter.UTC().Format(time.RFC3339))
		}
	}
	return table.Flush()
}

func usageOf(file string, isCA bool) string {
	switch {
	case isCA:
		return "CertSign"
	case strings.Contains(file, "serving"):
		return "ServerAuth"
	default:
		return "ClientAuth"
	}
}

// rotateCertificates takes away all but the authorities: the next start makes new ones.
func rotateCertificates(n *node) error {
	files, err := n.certificates()
	if err != nil {
		return err
	}
	for _, file := range files {
		if cert, err := parseCertificate(readIfThere(file)); err == nil && !cert.IsCA {
			if err := errors.Join(os.Remove(file), os.Remove(strings.TrimSuffix(file, ".crt")+".key")); err != nil {
				return err
			}
		}
	}
	info("Successfully backed up certificates, please restart k3s server or agent to rotate certificates")
	return nil
}
