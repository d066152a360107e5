package main

import (
	"net"
	"sync"
	"time"
)

// quiet is how long a sender is remembered without an answer.
const quiet = 60 * time.Second

// carryPackets keeps a socket for each sender, so that answers find back.
func carryPackets(address string, targets []string, allowed ranges) error {
	local, err := net.ListenPacket("udp", address)
	if err != nil {
		return err
	}
	var mutex sync.Mutex
	senders := map[string]net.Conn{}
	buffer := make([]byte, 65536)
	for {
		length, from, err := local.ReadFrom(buffer)
		if err != nil {
			return err
		}
		if !allowed.has(from) {
			continue
		}
		mutex.Lock()
		to := senders[from.String()]
		if to == nil {
			if to, err = net.Dial("udp", targets[0]); err != nil {
				mutex.Unlock()
				continue
			}
			senders[from.String()] = to
			go func() {
				answer(local, from, to)
				mutex.Lock()
				delete(senders, from.String())
				mutex.Unlock()
			}()
		}
		mutex.Unlock()
		to.Write(buffer[:length])
	}
}

func answer(local net.PacketConn, from net.Addr, to net.Conn) {
	defer to.Close()
	buffer := make([]byte, 65536)
	for {
		to.SetReadDeadline(time.Now().Add(quiet))
		length, err := to.Read(buffer)
		if err != nil {
			return
		}
		local.WriteTo(buffer[:length], from)
	}
}
