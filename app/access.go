package app

import (
	"crypto/sha256"
	"crypto/subtle"
	"path"
	"slices"
	"strings"

	"github.com/jobwright/jobwright/source/secret"
)

// Right is a permission of the holder of a key.
type Right string

// The rights.
const (
	Execute Right = "execute" // Start jobs, and read the responses of these calls.
	Status  Right = "status"  // Read the status and the results of jobs.
	Signal  Right = "signal"  // Send signals to jobs.
	Stop    Right = "stop"    // Stop jobs.
)

// Rights returns all rights.
func Rights() []Right { return []Right{Execute, Status, Signal, Stop} }

// Every is the entry of a list of operations that stands for all of them.
const Every = "*"

// Access permits the holders of one key to use the app.
type Access struct {
	Name   string  // The name of the key's holder.
	Key    string  // A reference to the key, never the key itself: ${env:NAME} or ${file:path}.
	Rights []Right // The rights of the holder; empty for all rights.

	// Scenarios are patterns of the names of the scenarios that the holder may start; nil for all scenarios.
	Scenarios []string

	// Operations are the names of the operations that the holder may execute as a job, beside scenarios, or [Every].
	Operations []string
}

// Unlimited returns the access with that name that may do everything.
func Unlimited(name string) Access { return Access{Name: name, Operations: []string{Every}} }

// Grants reports whether the access includes the right.
func (a Access) Grants(right Right) bool {
	return len(a.Rights) == 0 || slices.Contains(a.Rights, right)
}

// MayRun reports whether the holder may start the scenario.
func (a Access) MayRun(name string) bool {
	return a.Scenarios == nil || slices.ContainsFunc(a.Scenarios, func(pattern string) bool {
		matches, err := path.Match(pattern, name)

		return err == nil && matches
	})
}

// MayExecute reports whether the holder may execute the operation as a job, apart from scenarios.
func (a Access) MayExecute(operation string) bool {
	return slices.Contains(a.Operations, Every) || slices.Contains(a.Operations, operation)
}

// key returns the key, or "" if it is missing. An empty key matches no caller.
func (a Access) key() string {
	reference, ok := secret.Parse(a.Key)
	if !ok {
		return ""
	}

	text, err := reference.Read()
	if err != nil {
		return "" // MissingKeys reports it to the operator.
	}

	if reference.Scheme == secret.File {
		text = strings.TrimSpace(text)
	}

	return text
}

// Lookup returns the access of a key. Its time does not depend on which key matches, or whether one does.
func (a *App) Lookup(key string) (Access, bool) {
	var found Access

	ok := false
	given := sha256.Sum256([]byte(key))

	for _, access := range a.Access {
		known := access.key()

		sum := sha256.Sum256([]byte(known))
		if subtle.ConstantTimeCompare(given[:], sum[:]) == 1 && known != "" {
			found, ok = access, true
		}
	}

	return found, ok
}

// MissingKeys returns the names of the access whose keys are missing, so that their holders are rejected.
func (a *App) MissingKeys() []string {
	var names []string

	for _, access := range a.Access {
		if access.key() == "" {
			names = append(names, access.Name)
		}
	}

	return names
}
