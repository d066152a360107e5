// One port of a load balancer: what comes in at SRC_PORT goes to DEST_PORT of DEST_IPS. k3s does this with rules in the pod's own
// namespace; here a program carries the bytes, and the Service sees the pod's address too.
package main

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "klipper-lb:", err)
		os.Exit(1)
	}
}

func run() error {
	targets := []string{}
	for _, address := range strings.FieldsFunc(os.Getenv("DEST_IPS"), func(r rune) bool { return r == ',' || r == ' ' }) {
		targets = append(targets, net.JoinHostPort(address, os.Getenv("DEST_PORT")))
	}
	if len(targets) == 0 || os.Getenv("SRC_PORT") == "" || os.Getenv("DEST_PORT") == "" {
		return fmt.Errorf("SRC_PORT, DEST_IPS and DEST_PORT are needed")
	}
	allowed, err := parseRanges(os.Getenv("SRC_RANGES"))
	if err != nil {
		return err
	}
	if strings.EqualFold(os.Getenv("DEST_PROTO"), "UDP") {
		return carryPackets(":"+os.Getenv("SRC_PORT"), targets, allowed)
	}
	return carryStreams(":"+os.Getenv("SRC_PORT"), targets, allowed)
}

// ranges are the networks from which connections are taken.
type ranges []netip.Prefix

func parseRanges(text string) (ranges, error) {
	allowed := ranges{}
	for _, item := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' }) {
		prefix, err := netip.ParsePrefix(item)
		if err != nil {
			return nil, err
		}
		allowed = append(allowed, prefix)
	}
	return allowed, nil
}

func (r ranges) has(address net.Addr) bool {
	from, err := netip.ParseAddrPort(address.String())
	if err != nil {
		return false
	}
	for _, prefix := range r {
		if prefix.Contains(from.Addr().Unmap()) {
			return true
		}
	}
	return len(r) == 0
}
