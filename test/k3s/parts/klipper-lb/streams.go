package main

import (
	"io"
	"net"
	"sync"
	"time"
)

func carryStreams(address string, targets []string, allowed ranges) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	for {
		from, err := listener.Accept()
		if err != nil {
			return err
		}
		if allowed.has(from.RemoteAddr()) {
			go carry(from, targets)
		} else {
			from.Close()
		}
	}
}

func carry(from net.Conn, targets []string) {
	defer from.Close()
	for _, target := range targets {
		if to, err := net.DialTimeout("tcp", target, 5*time.Second); err == nil {
			defer to.Close()
			join(from, to)
			return
		}
	}
}

// join ends when both sides have said all; one that ends its half leaves the other to finish.
func join(a, b net.Conn) {
	var both sync.WaitGroup
	for _, way := range [][2]net.Conn{{a, b}, {b, a}} {
		both.Go(func() {
			io.Copy(way[1], way[0])
			way[1].(*net.TCPConn).CloseWrite()
		})
	}
	both.Wait()
}
