package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func load(t *testing.T, role, config string, args ...string) (settings, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	return loadSettings(role, append(args, "--config="+file))
}

func TestFlagsWithNothingBehindThemAreRefused(t *testing.T) {
	for flag, role := range map[string]string{"default-local-storage-path=/data": "server", "etcd-s3-bucket=b": "server", "selinux": "agent", "embedded-registry=true": "server"} {
		if _, err := load(t, role, "", "--"+flag); err == nil || !strings.Contains(err.Error(), "nothing behind") {
			t.Errorf("--%s: %v", flag, err)
		}
	}
	if _, err := load(t, "server", "selinux: false\nembedded-registry: false\n"); err != nil {
		t.Errorf("what is switched off is not refused: %v", err)
	}
	if _, err := load(t, "agent", "bind-address: 10.0.0.1\n"); err == nil || !strings.Contains(err.Error(), "not defined") {
		t.Errorf("a server's flag on an agent: %v", err)
	}
}

func TestAFlagWithoutAValueLeavesTheNextAlone(t *testing.T) {
	for _, flag := range []string{"--prefer-bundled-bin", "--tls-san-security", "--disable-cloud-controller", "--debug"} {
		given, err := load(t, "server", "", flag, "--token", "secret")
		if err != nil || given.text("token", "") != "secret" || !given.is(strings.TrimPrefix(flag, "--")) {
			t.Errorf("%s: %v %v", flag, given, err)
		}
	}
}

func TestAServerReachesItselfWhereItListens(t *testing.T) {
	for config, want := range map[string]string{"": "https://127.0.0.1:6443", "bind-address: 10.0.0.1\nhttps-listen-port: 7443\n": "https://10.0.0.1:7443"} {
		given, err := load(t, "server", config)
		n := &node{settings: given, port: given.text("https-listen-port", "6443")}
		if err != nil || n.localURL() != want {
			t.Errorf("%q: %s %v", config, n.localURL(), err)
		}
	}
}

func TestATokenToJoinWithNeedsAServerAndAToken(t *testing.T) {
	for config, want := range map[string]string{
		"server: http://a:6443\ntoken: t\n": "must start with https://", "server: https://a:6443\n": "none there", "server: https://a:6443\ntoken: K10x\n": "invalid token format",
	} {
		given, err := load(t, "agent", config)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := (&node{settings: given}).tokenToJoin("node", "none there"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", config, err)
		}
	}
	given, _ := load(t, "agent", "server: https://a:6443\ntoken: abc\n")
	if token, err := (&node{settings: given}).tokenToJoin("node", ""); err != nil || token != (joinToken{user: "node", password: "abc"}) {
		t.Errorf("%v %v", token, err)
	}
}

func TestWithoutTheDefaultEndpointTheLastMirrorIsAskedLast(t *testing.T) {
	given, _ := load(t, "server", "disable-default-registry-endpoint: true\n")
	if told := fallback(&node{settings: given}, []string{"https://a", "https://b"}); told != "server = \"https://b\"\n" {
		t.Error(told)
	}
	if told := fallback(&node{settings: settings{}}, []string{"https://a"}); told != "" {
		t.Error(told)
	}
}

func TestATokenThatWasChangedIsLeftToTheDatastore(t *testing.T) {
	n := &node{settings: settings{"token": {"fresh"}}, dataDir: t.TempDir(), name: "n1", address: "10.0.0.1"}
	c, err := loadCluster(n)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.keepTokens(); err != nil || c.tokenIsNew {
		t.Fatal("the first start", err)
	}
	before := string(readIfThere(c.server("token")))
	n.settings["token"] = []string{"other"}
	if err := c.keepTokens(); err != nil || !c.tokenIsNew || c.token != "other" || c.agentToken != "other" {
		t.Error("another token", c.token, c.tokenIsNew, err)
	}
	if string(readIfThere(c.server("token"))) != before {
		t.Error("the file was written before anybody knew that the token is right")
	}
	if err := c.checkOldToken("fresh"); err != nil {
		t.Error(err)
	}
	if err := c.checkOldToken("other"); err == nil {
		t.Error("any token may rotate")
	}
}
