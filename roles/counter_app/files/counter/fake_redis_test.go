package main

import (
	"bufio"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// fakeRedis answers as it is told; by default it counts.
type fakeRedis struct {
	address string
	mutex   sync.Mutex
	value   int
	heard   []string
	// answers has what is said to a command instead; "hang up" ends the connection after the command was done.
	answers map[string]string
	open    []net.Conn
}

func startRedis(t *testing.T, answers map[string]string) *fakeRedis {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &fakeRedis{address: listener.Addr().String(), answers: answers}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			f.mutex.Lock()
			f.open = append(f.open, connection)
			f.mutex.Unlock()
			go f.serve(connection)
		}
	}()
	return f
}

func (f *fakeRedis) hangUp() {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	for _, connection := range f.open {
		connection.Close()
	}
}

func (f *fakeRedis) serve(connection net.Conn) {
	defer connection.Close()
	reader := bufio.NewReader(connection)
	for {
		words, err := readCommand(reader)
		if err != nil {
			return
		}
		answer := f.answer(words)
		if answer == "hang up" {
			return
		}
		fmt.Fprint(connection, answer)
	}
}

func (f *fakeRedis) answer(words []string) string {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.heard = append(f.heard, strings.Join(words, " "))
	if said := f.answers[words[0]]; said != "" {
		return said
	}
	switch words[0] {
	case "INCR":
		f.value++
		return fmt.Sprintf(":%d\r\n", f.value)
	case "GET":
		if f.value == 0 {
			return "$-1\r\n"
		}
		text := strconv.Itoa(f.value)
		return fmt.Sprintf("$%d\r\n%s\r\n", len(text), text)
	}
	return "+OK\r\n"
}

func readCommand(reader *bufio.Reader) ([]string, error) {
	line, err := reader.ReadString('\n')
	if err != nil {
		return nil, err
	}
	count, _ := strconv.Atoi(strings.TrimSpace(line[1:]))
	words := []string{}
	for range count {
		reader.ReadString('\n')
		word, err := reader.ReadString('\n')
		if err != nil {
			return nil, err
		}
		words = append(words, strings.TrimSpace(word))
	}
	return words, nil
}
