package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// takeSnapshots makes them by the clock: at 00:00 and 12:00 unless told otherwise, the newest five kept.
func (e *etcd) takeSnapshots(ctx context.Context) error {
	if !e.isClustered() || e.is("etcd-disable-snapshots") {
		return nil
	}
	keep, err := strconv.Atoi(e.text("etcd-snapshot-retention", "5"))
	if err != nil {
		return fmt.Errorf("invalid etcd-snapshot-retention: %w", err)
	}
	due, err := parseCron(e.text("etcd-snapshot-schedule-cron", "0 */12 * * *"))
	if err != nil {
		return err
	}
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-time.After(time.Until(time.Now().Truncate(time.Minute).Add(time.Minute))):
			}
			if !due(time.Now()) {
				continue
			}
			name := e.text("etcd-snapshot-name", "etcd-snapshot")
			if err := e.save(ctx, name); err != nil {
				logLine("error", "Failed to take etcd snapshot: %v", err)
			} else if err := e.prune(name, keep); err != nil {
				warning("%v", err)
			}
		}
	}()
	return nil
}

// parseCron reads five fields of numbers, *, lists, ranges and steps.
func parseCron(text string) (func(time.Time) bool, error) {
	fields := strings.Fields(text)
	if len(fields) != 5 {
		return nil, fmt.Errorf("invalid etcd-snapshot-schedule-cron %q: five fields are needed", text)
	}
	for _, field := range fields {
		if _, err := cronHas(field, 0); err != nil {
			return nil, fmt.Errorf("invalid etcd-snapshot-schedule-cron %q: %w", text, err)
		}
	}
	return func(now time.Time) bool {
		values := []int{now.Minute(), now.Hour(), now.Day(), int(now.Month()), int(now.Weekday())}
		for i, field := range fields {
			if has, _ := cronHas(field, values[i]); !has {
				return false
			}
		}
		return true
	}, nil
}

func cronHas(field string, value int) (bool, error) {
	found := false
	for _, part := range strings.Split(field, ",") {
		span, step, hasStep := strings.Cut(part, "/")
		first, last, isSpan := strings.Cut(span, "-")
		every, low, high := 1, 0, 99
		var err error
		if hasStep {
			if every, err = strconv.Atoi(step); err != nil || every < 1 {
				return false, fmt.Errorf("%q is no step", step)
			}
		}
		if span != "*" {
			if low, err = strconv.Atoi(first); err != nil {
				return false, err
			}
			if !hasStep {
				high = low
			}
			if isSpan {
				if high, err = strconv.Atoi(last); err != nil {
					return false, err
				}
			}
		}
		found = found || value >= low && value <= high && (value-low)%every == 0
	}
	return found, nil
}
