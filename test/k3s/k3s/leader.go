package main

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"
)

var errNotLeader = errors.New("another server leads")

const leasePath = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases"

// leader tells whether this server is the one that does what only one may do at a time.
type leader struct {
	*cluster
	api   *api
	holds atomic.Bool
}

type lease struct {
	Metadata map[string]any `json:"metadata"`
	Spec     leaseSpec      `json:"spec"`
}

type leaseSpec struct {
	Holder  string    `json:"holderIdentity"`
	Seconds int       `json:"leaseDurationSeconds"`
	Renewed microTime `json:"renewTime"`
}

// microTime is a time as leases have it.
type microTime struct{ time.Time }

const microForm = "2006-01-02T15:04:05.000000Z"

func (t microTime) MarshalJSON() ([]byte, error) {
	return []byte(`"` + t.UTC().Format(microForm) + `"`), nil
}

// lead keeps asking for the lease "k3s"; a server that dies loses it after 15 seconds.
func lead(ctx context.Context, c *cluster, client *api) *leader {
	l := &leader{cluster: c, api: client}
	go func() {
		for ctx.Err() == nil {
			l.holds.Store(l.ask(ctx) == nil)
			time.Sleep(3 * time.Second)
		}
	}()
	return l
}

// ask takes the lease or renews it; an error says that another one has it, or that nobody can tell.
func (l *leader) ask(ctx context.Context) error {
	now := microTime{time.Now()}
	wanted := lease{Metadata: map[string]any{"name": "k3s", "namespace": "kube-system"}, Spec: leaseSpec{Holder: l.name, Seconds: 15, Renewed: now}}
	var current lease
	err := l.api.get(ctx, leasePath+"/k3s", &current)
	if isCode(err, http.StatusNotFound) {
		return l.api.create(ctx, leasePath, wanted)
	}
	if err != nil {
		return err
	}
	if current.Spec.Holder != l.name && now.Sub(current.Spec.Renewed.Time) < time.Duration(current.Spec.Seconds)*time.Second {
		return errNotLeader
	}
	// With the version that was read, of two that ask only one is heard.
	wanted.Metadata["resourceVersion"] = current.Metadata["resourceVersion"]
	return l.api.replace(ctx, leasePath+"/k3s", wanted)
}

// whileLeading does something every few seconds on the server that leads.
func (l *leader) whileLeading(ctx context.Context, what string, every time.Duration, do func(context.Context) error) {
	said := ""
	for ctx.Err() == nil {
		if l.holds.Load() {
			if err := do(ctx); err != nil && err.Error() != said {
				said = err.Error()
				warning("%s: %v", what, err)
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(every):
		}
	}
}
