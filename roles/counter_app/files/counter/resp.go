package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// connection speaks Redis's protocol, RESP, as far as this program needs it: texts, numbers, nothing and errors.
type connection struct {
	net.Conn
	reader *bufio.Reader
}

// refusal is an answer of Redis that says no: the command was not done.
type refusal string

func (r refusal) Error() string { return string(r) }

// kind is the first word: MOVED, ASK, LOADING, NOAUTH …
func (r refusal) kind() string {
	kind, _, _ := strings.Cut(string(r), " ")
	return kind
}

var errNothing = errors.New("no such key")

func dial(address, user, password string, until time.Time) (*connection, error) {
	plain, err := net.DialTimeout("tcp", address, min(time.Second, time.Until(until)))
	if err != nil {
		return nil, err
	}
	c := &connection{plain, bufio.NewReader(plain)}
	if password == "" {
		return c, nil
	}
	login := []string{"AUTH", password}
	if user != "" {
		login = []string{"AUTH", user, password}
	}
	if _, err := c.do(until, login...); err != nil {
		plain.Close()
		return nil, fmt.Errorf("%s: %w", address, err)
	}
	return c, nil
}

func (c *connection) do(until time.Time, words ...string) (string, error) {
	c.SetDeadline(until)
	var command strings.Builder
	fmt.Fprintf(&command, "*%d\r\n", len(words))
	for _, word := range words {
		fmt.Fprintf(&command, "$%d\r\n%s\r\n", len(word), word)
	}
	if _, err := c.Write([]byte(command.String())); err != nil {
		return "", err
	}
	return c.read()
}

func (c *connection) read() (string, error) {
	line, err := c.reader.ReadString('\n')
	if err != nil {
		return "", err
	}
	line = strings.TrimRight(line, "\r\n")
	if line == "" {
		return "", errors.New("an empty line where Redis's answer was due")
	}
	switch line[0] {
	case '+', ':':
		return line[1:], nil
	case '-':
		return "", refusal(line[1:])
	case '$':
		return c.readText(line[1:])
	}
	return "", fmt.Errorf("an answer of Redis that was not asked for: %.20q", line)
}

func (c *connection) readText(size string) (string, error) {
	length, err := strconv.Atoi(size)
	if err != nil {
		return "", err
	}
	if length < 0 {
		return "", errNothing
	}
	content := make([]byte, length+2)
	_, err = io.ReadFull(c.reader, content)
	return string(content[:length]), err
}
