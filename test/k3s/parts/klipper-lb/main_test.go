package main

import (
	"io"
	"net"
	"testing"
)

func TestAStreamIsCarriedBothWaysAndItsEndToo(t *testing.T) {
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		connection, _ := server.Accept()
		told, _ := io.ReadAll(connection)
		connection.Write(append([]byte("heard "), told...))
		connection.Close()
	}()
	front, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		from, _ := front.Accept()
		carry(from, []string{"127.0.0.1:1", server.Addr().String()})
	}()
	client, err := net.Dial("tcp", front.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	client.Write([]byte("hello"))
	client.(*net.TCPConn).CloseWrite()
	if told, err := io.ReadAll(client); err != nil || string(told) != "heard hello" {
		t.Fatalf("%q %v", told, err)
	}
}

func TestOnlyTheRangesGivenAreTaken(t *testing.T) {
	allowed, err := parseRanges("10.0.0.0/8,192.168.1.0/24")
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]bool{"10.1.2.3": true, "192.168.2.1": false} {
		if allowed.has(&net.TCPAddr{IP: net.ParseIP(address), Port: 1}) != want {
			t.Errorf("%s: %v", address, !want)
		}
	}
	if _, err := parseRanges("here"); err == nil {
		t.Error("no network, and taken")
	}
}
