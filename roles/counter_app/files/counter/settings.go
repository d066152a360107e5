package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

type settings struct {
	// addresses are host:port of Redis; of a Redis Cluster, any of its nodes, better several.
	addresses           []string
	user, password, key string
	listen, pod, title  string
	// path is what stands before the page and /count: empty, or begins with a slash and does not end with one.
	path string
	// timeout is how long a request tries to reach Redis, stopDelay how long a pod that ends goes on answering.
	timeout, stopDelay time.Duration
}

// readSettings reads REDIS_ADDRESSES, REDIS_USERNAME, REDIS_PASSWORD (or REDIS_PASSWORD_FILE), COUNTER_KEY, COUNTER_TITLE, COUNTER_PATH, LISTEN, POD_NAME,
// REDIS_TIMEOUT and STOP_DELAY.
func readSettings(env func(string) string) (settings, error) {
	or := func(name, otherwise string) string {
		if value := env(name); value != "" {
			return value
		}
		return otherwise
	}
	host, _ := os.Hostname()
	given := settings{
		user: env("REDIS_USERNAME"), password: env("REDIS_PASSWORD"), key: or("COUNTER_KEY", "counter"),
		path: strings.TrimRight(env("COUNTER_PATH"), "/"), listen: or("LISTEN", ":8080"), pod: or("POD_NAME", host), title: or("COUNTER_TITLE", "Counter"),
	}
	for _, address := range strings.FieldsFunc(env("REDIS_ADDRESSES"), func(r rune) bool { return r == ',' || r == ' ' }) {
		if !strings.Contains(address, ":") {
			address += ":6379"
		}
		given.addresses = append(given.addresses, address)
	}
	if len(given.addresses) == 0 {
		return given, errors.New("REDIS_ADDRESSES is needed: host:port, several with commas")
	}
	if given.path != "" && !strings.HasPrefix(given.path, "/") {
		return given, errors.New("COUNTER_PATH begins with a slash")
	}
	if file := env("REDIS_PASSWORD_FILE"); file != "" {
		content, err := os.ReadFile(file)
		if err != nil {
			return given, err
		}
		given.password = strings.TrimRight(string(content), "\r\n")
	}
	var err error
	if given.timeout, err = duration(or("REDIS_TIMEOUT", "3s"), "REDIS_TIMEOUT"); err != nil {
		return given, err
	}
	given.stopDelay, err = duration(or("STOP_DELAY", "3s"), "STOP_DELAY")
	return given, err
}

func duration(text, name string) (time.Duration, error) {
	value, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	return value, nil
}
