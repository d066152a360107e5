// What tests do from inside a pod, where there is no shell: `probe serve PORT`, `probe resolve NAME`, `probe get URL`, `probe tcp HOST:PORT`,
// `probe sha256sum -c FILE`.
package main

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sort"
	"strings"
	"syscall"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "probe:", err)
		os.Exit(1)
	}
}

var verbs = map[string]func(string) error{"serve": serve, "resolve": resolve, "get": get, "tcp": tcp}

func run(args []string) error {
	if len(args) == 3 && args[0] == "sha256sum" && args[1] == "-c" {
		return checkSums(args[2])
	}
	if len(args) != 2 || verbs[args[0]] == nil {
		return errors.New("usage: probe serve PORT | resolve NAME | get URL | tcp HOST:PORT | sha256sum -c FILE")
	}
	return verbs[args[0]](args[1])
}

// serve tells who answers, and by which name and way it was asked.
func serve(port string) error {
	host, _ := os.Hostname()
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "pod=%s host=%s path=%s proto=%s\n", host, r.Host, r.URL.Path, r.Header.Get("X-Forwarded-Proto"))
	})
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	server := &http.Server{Addr: ":" + port, Handler: handler}
	go func() { <-signals; server.Shutdown(context.Background()) }()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func resolve(name string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	addresses, err := (&net.Resolver{PreferGo: true}).LookupHost(ctx, name)
	sort.Strings(addresses)
	fmt.Println(strings.Join(addresses, " "))
	return err
}

func get(url string) error {
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	answer, err := client.Get(url)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	fmt.Println(answer.StatusCode)
	_, err = io.Copy(os.Stdout, answer.Body)
	return err
}

func tcp(address string) error {
	connection, err := net.DialTimeout("tcp", address, 3*time.Second)
	if err != nil {
		return err
	}
	fmt.Println("connected")
	return connection.Close()
}

// checkSums fails where a file is not what a list of sums says, as the tool of that name does.
func checkSums(list string) error {
	lines, err := os.ReadFile(list)
	if err != nil {
		return err
	}
	for _, line := range strings.Split(strings.TrimSpace(string(lines)), "\n") {
		sum, path, _ := strings.Cut(line, "  ")
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if fmt.Sprintf("%x", sha256.Sum256(content)) != sum {
			return fmt.Errorf("%s: FAILED", path)
		}
		fmt.Printf("%s: OK\n", path)
	}
	return nil
}
