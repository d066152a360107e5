package main

import (
	"fmt"
	"os"
	"time"
)

// logLine writes a line in the form of k3s's own: scripts wait for some of them.
func logLine(level, format string, args ...any) {
	now := time.Now().UTC().Format(time.RFC3339)
	fmt.Fprintf(os.Stderr, "time=%q level=%s msg=%q\n", now, level, fmt.Sprintf(format, args...))
}

func info(format string, args ...any)    { logLine("info", format, args...) }
func warning(format string, args ...any) { logLine("warning", format, args...) }
