package main

import (
	"context"
	"errors"
	"net"
	"strings"
	"syscall"
)

// listenShared shares the port with kube-apiserver, which has it on an address of its own.
func listenShared(address string) (net.Listener, error) {
	const reusePort = 15 // SO_REUSEPORT, which the package syscall does not name.
	config := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		var failed error
		err := raw.Control(func(handle uintptr) { failed = syscall.SetsockoptInt(int(handle), syscall.SOL_SOCKET, reusePort, 1) })
		return errors.Join(err, failed)
	}}
	listener, err := config.Listen(context.Background(), "tcp4", address)
	return &othersListener{listener}, err
}

// othersListener turns away what is meant for kube-apiserver and comes here because that does not listen yet.
type othersListener struct{ net.Listener }

func (l *othersListener) Accept() (net.Conn, error) {
	for {
		connection, err := l.Listener.Accept()
		if err != nil || !strings.HasPrefix(connection.LocalAddr().String(), apiserverAddress+":") {
			return connection, err
		}
		connection.Close()
	}
}
