package source

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
)

var secretReference = regexp.MustCompile(`\$\{(env|file):([^{}]+)\}`)

// resolved returns an option with the secrets in place of the references to them, ${env:NAME} and ${file:path}. It is
// called where a source is opened, which is in workers only, and what it returns goes no further than its driver.
func resolved(option any) (any, error) {
	switch v := option.(type) {
	case string:
		return resolvedText(v)
	case map[string]any:
		object := make(map[string]any, len(v))

		for name, inner := range v {
			var err error
			if object[name], err = resolved(inner); err != nil {
				return nil, err
			}
		}

		return object, nil
	case []any:
		list := make([]any, len(v))

		for i, inner := range v {
			var err error
			if list[i], err = resolved(inner); err != nil {
				return nil, err
			}
		}

		return list, nil
	}

	return option, nil
}

// Secrets returns what the references in the options stand for, so that a driver can keep it out of what it tells.
func (d Definition) Secrets() ([]string, error) {
	var (
		secrets []string
		failed  error
	)

	var look func(option any)

	look = func(option any) {
		switch v := option.(type) {
		case string:
			for _, parts := range secretReference.FindAllStringSubmatch(v, -1) {
				secret, err := lookUpSecret(parts[1], parts[2])
				secrets, failed = append(secrets, secret), errors.Join(failed, err)
			}
		case map[string]any:
			for _, name := range slices.Sorted(maps.Keys(v)) {
				look(v[name])
			}
		case []any:
			for _, inner := range v {
				look(inner)
			}
		}
	}

	look(d.Options)

	return secrets, failed
}

func resolvedText(text string) (string, error) {
	var failed error

	replaced := secretReference.ReplaceAllStringFunc(text, func(reference string) string {
		parts := secretReference.FindStringSubmatch(reference)

		secret, err := lookUpSecret(parts[1], parts[2])
		if err != nil && failed == nil {
			failed = err
		}

		return secret
	})

	return replaced, failed
}

func lookUpSecret(scheme, name string) (string, error) {
	if scheme == "env" {
		secret, found := os.LookupEnv(name)
		if !found {
			return "", fmt.Errorf("the environment variable %s is not set in this worker", name)
		}

		return secret, nil
	}

	text, err := os.ReadFile(name) //nolint:gosec // The app's author names the file.
	if err != nil {
		return "", fmt.Errorf("the file of a secret can't be read by this worker: %w", err)
	}

	return strings.TrimRight(string(text), "\r\n"), nil
}
