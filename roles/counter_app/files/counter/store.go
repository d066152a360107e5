package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// store is the counter in Redis: a single one, or a Redis Cluster, where one node of several has the key and may change.
type store struct {
	settings
	mutex sync.Mutex
	// owner had the key last; idle are connections that can be used again.
	owner string
	idle  map[string][]*connection
}

const keepIdle = 32

func newStore(given settings) *store {
	return &store{settings: given, owner: given.addresses[0], idle: map[string][]*connection{}}
}

func (s *store) read(ctx context.Context) (int64, error) {
	return s.number(ctx, "GET", s.key)
}

// add adds one, and never twice: once the command is on its way to a node and no answer comes, nobody knows, and it says so.
func (s *store) add(ctx context.Context) (int64, error) {
	return s.number(ctx, "INCR", s.key)
}

func (s *store) number(ctx context.Context, words ...string) (int64, error) {
	text, err := s.do(ctx, words...)
	if errors.Is(err, errNothing) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(text, 10, 64)
}

// do asks the node that had the key last, follows where that points to, and goes on to the others while no node has done the command.
func (s *store) do(ctx context.Context, words ...string) (string, error) {
	until, _ := ctx.Deadline()
	address, asking, failure := s.current(), false, error(nil)
	for try := 0; ctx.Err() == nil; try++ {
		answer, done, err := s.once(address, asking, until, words)
		if err == nil || errors.Is(err, errNothing) {
			s.found(address, asking)
			return answer, err
		}
		if done && words[0] != "GET" {
			return "", fmt.Errorf("%s: it is not known whether it was counted: %w", address, err)
		}
		failure = fmt.Errorf("%s: %w", address, err)
		var told refusal
		if errors.As(err, &told) && !passing(told) {
			return "", failure
		}
		address, asking = s.next(address, told, try)
		if try%len(s.addresses) == len(s.addresses)-1 && told.kind() != "MOVED" && told.kind() != "ASK" {
			pause(ctx)
		}
	}
	return "", errors.Join(failure, ctx.Err())
}

// passing are refusals after which another node, or the same one a little later, may do it.
func passing(told refusal) bool {
	return slices.Contains([]string{"MOVED", "ASK", "CLUSTERDOWN", "TRYAGAIN", "LOADING", "READONLY", "MASTERDOWN", "NOREPLICAS"}, told.kind())
}

// next is where a refusal points to, or the next of the addresses that are known.
func (s *store) next(address string, told refusal, try int) (string, bool) {
	if words := strings.Fields(string(told)); len(words) == 3 && (words[0] == "MOVED" || words[0] == "ASK") {
		to := words[2]
		if strings.HasPrefix(to, ":") { // The node that was asked does not know its own name.
			host, _, _ := net.SplitHostPort(address)
			to = host + to
		}
		return to, words[0] == "ASK"
	}
	return s.addresses[(slices.Index(s.addresses, address)+1)%len(s.addresses)], false
}

// once sends the command to one node; done is false while it is certain that the node did not do it.
func (s *store) once(address string, asking bool, until time.Time, words []string) (answer string, done bool, err error) {
	c, err := s.connect(address, until)
	if err != nil {
		return "", false, err
	}
	if asking {
		if _, err := c.do(until, "ASKING"); err != nil {
			c.Close()
			return "", false, err
		}
	}
	answer, err = c.do(until, words...)
	var told refusal
	if err == nil || errors.As(err, &told) || errors.Is(err, errNothing) {
		s.giveBack(address, c)
		return answer, false, err
	}
	c.Close()
	return "", true, err
}

// connect takes an idle connection that still lives, or makes one.
func (s *store) connect(address string, until time.Time) (*connection, error) {
	for {
		s.mutex.Lock()
		list := s.idle[address]
		if len(list) == 0 {
			s.mutex.Unlock()
			return dial(address, s.user, s.password, until)
		}
		c := list[len(list)-1]
		s.idle[address] = list[:len(list)-1]
		s.mutex.Unlock()
		if c.lives() {
			return c, nil
		}
		c.Close()
	}
}

// lives tells whether the other side has closed it: nothing is to be read of a connection where nothing was asked.
func (c *connection) lives() bool {
	c.SetDeadline(time.Time{})
	raw, err := c.Conn.(syscall.Conn).SyscallConn()
	if err != nil {
		return false
	}
	quiet := false
	err = raw.Read(func(handle uintptr) bool {
		_, _, err := syscall.Recvfrom(int(handle), make([]byte, 1), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		quiet = err == syscall.EAGAIN
		return true
	})
	return err == nil && quiet
}

func (s *store) giveBack(address string, c *connection) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if len(s.idle[address]) < keepIdle {
		s.idle[address] = append(s.idle[address], c)
	} else {
		c.Close()
	}
}

func (s *store) current() string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.owner
}

// found remembers who has the key; one that has it only for the move of a slot does not count yet.
func (s *store) found(address string, asking bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if !asking {
		s.owner = address
	}
}

func (s *store) close() error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, list := range s.idle {
		for _, c := range list {
			c.Close()
		}
	}
	s.idle = map[string][]*connection{}
	return nil
}

func pause(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(100 * time.Millisecond):
	}
}
