// Package secret resolves the references to secrets in the definitions of sources.
//
// A reference is ${env:NAME}, the value of an environment variable, or ${file:path}, the content of a file without the line
// breaks at its end. It may be part of a longer text, and a text may contain several references. Only workers resolve
// references; histories, logs and answers contain the references, never their values.
package secret

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/jobwright/jobwright/source"
)

var reference = regexp.MustCompile(`\$\{(env|file):([^{}]+)\}`)

// Resolve returns a copy of definition whose options contain the values of secrets in place of the references to them. The
// values are also listed in the Secrets of the copy. A secret that does not exist or can't be read is a [*source.Error] with
// [source.CodeDefinitionInvalid].
//
// Pass the result to a driver only; never log or store it.
func Resolve(definition source.Definition) (source.Definition, error) {
	var r resolver

	options, _ := r.value(definition.Options).(map[string]any)
	if r.err != nil {
		return source.Definition{}, definition.Invalid(r.err)
	}

	definition.Options = options
	definition.Secrets = r.secrets

	return definition, nil
}

// resolver replaces references, and collects the secrets and the errors.
type resolver struct {
	secrets []string
	err     error
}

// value returns an option, a JSON value, with its references replaced.
func (r *resolver) value(option any) any {
	switch v := option.(type) {
	case string:
		return reference.ReplaceAllStringFunc(v, r.lookUp)
	case map[string]any:
		object := make(map[string]any, len(v))

		for _, name := range slices.Sorted(maps.Keys(v)) {
			object[name] = r.value(v[name])
		}

		return object
	case []any:
		list := make([]any, len(v))

		for i, element := range v {
			list[i] = r.value(element)
		}

		return list
	}

	return option
}

// lookUp returns the secret that text refers to.
func (r *resolver) lookUp(text string) string {
	parts := reference.FindStringSubmatch(text)

	secret, err := lookUp(parts[1], parts[2])
	if err != nil {
		r.err = errors.Join(r.err, err)

		return ""
	}

	r.secrets = append(r.secrets, secret)

	return secret
}

func lookUp(scheme, name string) (string, error) {
	if scheme == "env" {
		secret, found := os.LookupEnv(name)
		if !found {
			return "", fmt.Errorf("the environment variable %s is not set in this worker", name)
		}

		return secret, nil
	}

	text, err := os.ReadFile(name) //nolint:gosec // The author of the app names the file.
	if err != nil {
		return "", fmt.Errorf("the file of a secret can't be read by this worker: %w", err)
	}

	return strings.TrimRight(string(text), "\r\n"), nil
}
