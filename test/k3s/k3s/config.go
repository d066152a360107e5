package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

const configFile = "/etc/rancher/k3s/config.yaml"

// settings holds what flags, variables and files say, lists as they are, all else as a list of one.
type settings map[string][]string

func (s settings) text(name, otherwise string) string {
	if values := s[name]; len(values) > 0 && values[len(values)-1] != "" {
		return values[len(values)-1]
	}
	return otherwise
}

func (s settings) is(name string) bool { return s.text(name, "false") == "true" }

// loadSettings reads flags over variables over config.yaml.d over config.yaml.
func loadSettings(role string, args []string) (settings, error) {
	known := flagsOf(role)
	given, err := parseArgs(args)
	if err != nil {
		return nil, err
	}
	file := configFile
	if value, ok := fromEnvironment("config"); ok {
		file = value
	}
	merged, err := loadFiles(given.text("config", file))
	if err != nil {
		return nil, err
	}
	for name := range known {
		if value, ok := fromEnvironment(name); ok {
			merged[name] = []string{value}
		}
	}
	for name, values := range given {
		merged[name] = values
	}
	return merged, check(known, merged)
}

func check(known map[string]flagKind, merged settings) error {
	for name, values := range merged {
		kind, found := kindOf(known, name)
		switch {
		case !found:
			return fmt.Errorf("flag provided but not defined: -%s", name)
		case kind == refused && !slices.Contains([]string{"", "false"}, strings.Join(values, "")):
			return fmt.Errorf("--%s is a flag of k3s that lab k3s has nothing behind: see test/k3s/README.md", name)
		case (kind == toggle || kind == idleToggle) && !slices.Contains([]string{"true", "false"}, values[len(values)-1]):
			return fmt.Errorf("invalid boolean value %q for -%s", values[len(values)-1], name)
		}
	}
	return nil
}

func parseArgs(args []string) (settings, error) {
	given := settings{}
	for i := 0; i < len(args); i++ {
		name, value, hasValue := strings.Cut(strings.TrimLeft(args[i], "-"), "=")
		if !strings.HasPrefix(args[i], "-") {
			return nil, fmt.Errorf("unexpected argument: %s", args[i])
		}
		if long := shortFlags[name]; long != "" {
			name = long
		}
		kind, _ := kindOf(flagsOf("server"), name)
		if !hasValue && kind != toggle && kind != idleToggle {
			if i++; i == len(args) {
				return nil, fmt.Errorf("flag needs an argument: -%s", name)
			}
			value = args[i]
		} else if !hasValue {
			value = "true"
		}
		given[name] = append(given[name], value)
	}
	return given, nil
}

func loadFiles(file string) (settings, error) {
	merged := settings{}
	more, err := filepath.Glob(file + ".d/*")
	if err != nil {
		return nil, err
	}
	slices.Sort(more)
	for _, path := range append([]string{file}, more...) {
		if path != file && !slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(path)) {
			continue
		}
		if err := mergeFile(merged, path); err != nil && !(path == file && os.IsNotExist(err)) {
			return nil, err
		}
	}
	return merged, nil
}

// mergeFile lays a file over what came before; `key+` adds to a list.
func mergeFile(merged settings, path string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var values map[string]any
	if err := yaml.Unmarshal(content, &values); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for key, value := range values {
		name, adds := strings.CutSuffix(key, "+")
		if long := shortFlags[name]; long != "" {
			name = long
		}
		if adds {
			merged[name] = append(merged[name], textsOf(value)...)
		} else {
			merged[name] = textsOf(value)
		}
	}
	return nil
}

func textsOf(value any) []string {
	switch value := value.(type) {
	case nil:
		return []string{""}
	case []any:
		texts := []string{}
		for _, item := range value {
			texts = append(texts, textsOf(item)...)
		}
		return texts
	case float64: // JSON has no other numbers.
		return []string{strings.TrimSuffix(fmt.Sprintf("%.0f", value), ".")}
	default:
		return []string{fmt.Sprint(value)}
	}
}
