package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// member is one server's part in etcd, as etcdctl tells it.
type member struct {
	ID         uint64   `json:"ID"`
	Name       string   `json:"name"`
	PeerURLs   []string `json:"peerURLs"`
	ClientURLs []string `json:"clientURLs"`
	IsLearner  bool     `json:"isLearner"`
}

func (e *etcd) members(ctx context.Context, endpoints string) ([]member, error) {
	output, err := e.ctl(ctx, endpoints, "member", "list", "--write-out=json")
	if err != nil {
		return nil, err
	}
	var listed struct{ Members []member }
	return listed.Members, json.Unmarshal([]byte(output), &listed)
}

// addMember announces this server as a learner. One that was announced before and never came is taken out first.
func (e *etcd) addMember(ctx context.Context, name string) ([]string, error) {
	endpoints, err := e.reachable(ctx)
	if err != nil {
		return nil, err
	}
	members, err := e.members(ctx, endpoints)
	if err != nil {
		return nil, err
	}
	listed := []string{name + "=" + e.peerURL()}
	for _, other := range members {
		atOurs := slices.Contains(other.PeerURLs, e.peerURL())
		switch {
		case atOurs && (other.Name == "" || other.Name == name):
			if _, err := e.ctl(ctx, endpoints, "member", "remove", fmt.Sprintf("%x", other.ID)); err != nil {
				return nil, err
			}
		case atOurs || strings.HasPrefix(other.Name, e.name+"-") && len(other.Name) == len(e.name)+9:
			return nil, fmt.Errorf("duplicate node name found, please use a unique name for this node")
		default:
			for _, url := range other.PeerURLs {
				listed = append(listed, other.Name+"="+url)
			}
		}
	}
	if _, err := e.ctl(ctx, endpoints, "member", "add", name, "--learner", "--peer-urls="+e.peerURL()); err != nil {
		return nil, err
	}
	info("Adding member %s=%s to etcd cluster %v", name, e.peerURL(), listed)
	return []string{"--initial-cluster=" + strings.Join(listed, ","), "--initial-cluster-state=existing"}, nil
}

// reachable are the client addresses of the cluster's members, as the server that is joined tells them.
func (e *etcd) reachable(ctx context.Context) (string, error) {
	seed := fmt.Sprintf("https://%s:2379", hostOf(e.text("server", "")))
	var known struct{ Endpoints []string }
	token, err := parseToken(e.token, "server")
	if err != nil {
		return "", err
	}
	err = newJoin(e.text("server", ""), token, e.serverCA.chain).json(ctx, "/db/info", &known)
	if err != nil || len(known.Endpoints) == 0 {
		return seed, nil
	}
	return strings.Join(known.Endpoints, ","), nil
}

// promote waits until the learner has caught up.
func (e *etcd) promote(ctx context.Context, name string) error {
	endpoints, err := e.reachable(ctx)
	if err != nil {
		return err
	}
	return poll(ctx, 3*time.Minute, "the promotion of this etcd member", func() error {
		members, err := e.members(ctx, endpoints)
		if err != nil {
			return err
		}
		for _, other := range members {
			if slices.Contains(other.PeerURLs, e.peerURL()) {
				if !other.IsLearner {
					return e.wait(ctx)
				}
				_, err := e.ctl(ctx, endpoints, "member", "promote", fmt.Sprintf("%x", other.ID))
				return errors.Join(err, errors.New("just promoted"))
			}
		}
		return fmt.Errorf("%s is not a member", name)
	})
}
