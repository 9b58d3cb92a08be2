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

// Reference is a reference to a secret.
type Reference struct {
	Scheme string // [Env] or [File].
	Name   string // The name of the environment variable, or the path of the file.
}

// The schemes of references.
const (
	Env  = "env"
	File = "file"
)

var pattern = regexp.MustCompile(`\$\{(env|file):([^{}]+)\}`)

// References returns the references in a text, in order.
func References(text string) []Reference {
	var found []Reference
	for _, match := range pattern.FindAllStringSubmatch(text, -1) {
		found = append(found, Reference{Scheme: match[1], Name: match[2]})
	}

	return found
}

// Parse returns the reference of which the whole text consists.
func Parse(text string) (found Reference, ok bool) {
	references := References(text)
	if len(references) != 1 || references[0].String() != text {
		return Reference{}, false
	}

	return references[0], true
}

// String returns the reference as it is written in app.yaml.
func (r Reference) String() string { return "${" + r.Scheme + ":" + r.Name + "}" }

// Read returns the secret. It does not check whether the app may refer to it; package app does.
func (r Reference) Read() (string, error) {
	if r.Scheme == Env {
		secret, found := os.LookupEnv(r.Name)
		if !found {
			return "", fmt.Errorf("the environment variable %s is not set in this worker", r.Name)
		}

		return secret, nil
	}

	text, err := os.ReadFile(r.Name)
	if err != nil {
		return "", fmt.Errorf("the file of a secret can't be read by this worker: %w", err)
	}

	return strings.TrimRight(string(text), "\r\n"), nil
}

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
		return pattern.ReplaceAllStringFunc(v, r.read)
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

// read returns the secret that text refers to.
func (r *resolver) read(text string) string {
	reference, _ := Parse(text)

	secret, err := reference.Read()
	if err != nil {
		r.err = errors.Join(r.err, err)

		return ""
	}

	r.secrets = append(r.secrets, secret)

	return secret
}
