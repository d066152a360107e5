package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// runSnapshot is `k3s etcd-snapshot save|ls|delete|prune`.
func runSnapshot(args []string) error {
	verbs := map[string]func(context.Context, *etcd, settings, []string) error{"save": saveSnapshot, "ls": listSnapshots, "list": listSnapshots, "delete": deleteSnapshots, "prune": pruneSnapshots}
	verb := verbs["save"]
	if len(args) > 0 && verbs[args[0]] != nil {
		verb, args = verbs[args[0]], args[1:]
	} else if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		return fmt.Errorf("no such command: etcd-snapshot %s", args[0])
	}
	flags, names, err := snapshotArgs(args)
	if err != nil {
		return err
	}
	n, err := newNode("server", flags)
	if err != nil {
		return err
	}
	if !n.isClustered() {
		return errors.New("etcd datastore disabled: this server has no managed etcd")
	}
	store := &etcd{&cluster{node: n}, newParts(n.dataDir)}
	return verb(context.Background(), store, n.settings, names)
}

// snapshotArgs gives flags of this command the names that they have for a server.
func snapshotArgs(args []string) (flags, names []string, err error) {
	long := map[string]string{"--name": "--etcd-snapshot-name", "--dir": "--etcd-snapshot-dir", "--etcd-snapshot-dir": "--etcd-snapshot-dir", "--snapshot-retention": "--etcd-snapshot-retention", "--etcd-snapshot-retention": "--etcd-snapshot-retention", "--data-dir": "--data-dir", "-d": "--data-dir", "--config": "--config", "-c": "--config"}
	for i := 0; i < len(args); i++ {
		name, value, hasValue := strings.Cut(args[i], "=")
		if !strings.HasPrefix(name, "-") {
			names = append(names, name)
			continue
		}
		if long[name] == "" {
			return nil, nil, fmt.Errorf("flag provided but not defined, or not done by lab k3s: %s", name)
		}
		if !hasValue {
			if i++; i == len(args) {
				return nil, nil, fmt.Errorf("flag needs an argument: %s", name)
			}
			value = args[i]
		}
		flags = append(flags, long[name]+"="+value)
	}
	return flags, names, nil
}

func (e *etcd) snapshotDir() string { return e.text("etcd-snapshot-dir", e.server("db/snapshots")) }

func saveSnapshot(ctx context.Context, e *etcd, given settings, _ []string) error {
	return e.save(ctx, given.text("etcd-snapshot-name", "on-demand"))
}

// save writes <prefix>-<node>-<seconds>.
func (e *etcd) save(ctx context.Context, prefix string) error {
	name := fmt.Sprintf("%s-%s-%d", prefix, e.name, time.Now().Unix())
	path := filepath.Join(e.snapshotDir(), name)
	if err := os.MkdirAll(e.snapshotDir(), 0o700); err != nil {
		return err
	}
	if _, err := e.parts.output(ctx, "etcdctl", "--cacert="+e.tls("etcd/server-ca.crt"), "--cert="+e.tls("etcd/client.crt"), "--key="+e.tls("etcd/client.key"), "--endpoints="+e.local(), "snapshot", "save", path); err != nil {
		return err
	}
	info("Snapshot %s saved.", name)
	return nil
}

func (e *etcd) snapshots() ([]os.FileInfo, error) {
	entries, err := os.ReadDir(e.snapshotDir())
	if os.IsNotExist(err) {
		return nil, nil
	}
	files := []os.FileInfo{}
	for _, entry := range entries {
		if file, err := entry.Info(); err == nil && file.Mode().IsRegular() && filepath.Ext(file.Name()) != ".part" {
			files = append(files, file)
		}
	}
	slices.SortFunc(files, func(a, b os.FileInfo) int { return a.ModTime().Compare(b.ModTime()) })
	return files, err
}

func listSnapshots(_ context.Context, e *etcd, _ settings, _ []string) error {
	files, err := e.snapshots()
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 1, ' ', 0)
	fmt.Fprintln(table, "Name\tLocation\tSize\tCreated")
	for _, file := range files {
		fmt.Fprintf(table, "%s\tfile://%s\t%d\t%s\n", file.Name(), filepath.Join(e.snapshotDir(), file.Name()), file.Size(), file.ModTime().UTC().Format(time.RFC3339))
	}
	return table.Flush()
}

func deleteSnapshots(_ context.Context, e *etcd, _ settings, names []string) error {
	if len(names) == 0 {
		return errors.New("no snapshots given for removal")
	}
	for _, name := range names {
		if err := os.Remove(filepath.Join(e.snapshotDir(), filepath.Base(name))); err != nil {
			return err
		}
		info("Snapshot %s deleted.", name)
	}
	return nil
}

func pruneSnapshots(_ context.Context, e *etcd, given settings, _ []string) error {
	keep, err := strconv.Atoi(given.text("etcd-snapshot-retention", "5"))
	if err != nil {
		return err
	}
	return e.prune(given.text("etcd-snapshot-name", "on-demand"), keep)
}

// prune leaves the newest of this node's snapshots of a name.
func (e *etcd) prune(prefix string, keep int) error {
	files, err := e.snapshots()
	if err != nil {
		return err
	}
	files = slices.DeleteFunc(files, func(file os.FileInfo) bool { return !strings.HasPrefix(file.Name(), prefix+"-"+e.name+"-") })
	for len(files) > keep {
		info("Removing local snapshot %s", files[0].Name())
		if err := os.Remove(filepath.Join(e.snapshotDir(), files[0].Name())); err != nil {
			return err
		}
		files = files[1:]
	}
	return nil
}
