package app

import (
	"crypto/subtle"
	"errors"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/jobwright/jobwright/app/apikey"
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
	Query   Right = "query"   // Filter the list of jobs by a query of Temporal, beside the right status.

	// ChangeSchedules permits to pause, resume, run and backfill schedules.
	ChangeSchedules Right = "schedule"

	// Delete permits to delete ended jobs with their results. It is apart from [Operate]: a program that erases the data of a
	// person need not see the machines, and an operator who watches the system need not be able to destroy what it has done.
	Delete Right = "delete"

	// Operate permits to read the state of the system and the options of sources, and to check sources. Callers who only run
	// jobs need neither: both show the machines behind the API.
	Operate Right = "operate"
)

// Rights returns all rights.
func Rights() []Right {
	return []Right{Execute, Status, Signal, Stop, ChangeSchedules, Query, Operate, Delete}
}

// DefaultRights returns the rights of an access that lists none: all but [Operate] and [Delete]. Who may see the machines behind
// the API, or destroy what jobs have left, has to be named.
func DefaultRights() []Right {
	return slices.DeleteFunc(Rights(), func(right Right) bool { return right == Operate || right == Delete })
}

// Every is the entry of a list of operations that stands for all of them.
const Every = "*"

// Access permits the holders of its keys, and of identity tokens with its claims, to use the app.
type Access struct {
	Name   string            // The name of the holder.
	Key    string            // A reference to a key, never the key itself: ${env:NAME} or ${file:path}; "" for none.
	Keys   []Key             // Keys whose digests are in app.yaml.
	Claims map[string]string // The claims of the holder's tokens of an identity provider; empty for none.
	Nexus  bool              // Whether workflows that call by Nexus, which has no keys, have the access.
	Rights []Right           // The rights of the holder; empty for the [DefaultRights].

	// Scenarios are patterns of the names of the scenarios that the holder may start; nil for all scenarios.
	Scenarios []string

	// Operations are the names of the operations that the holder may execute as a job, beside scenarios, or [Every].
	Operations []string
}

// Unlimited returns the access with that name that may do everything.
func Unlimited(name string) Access {
	return Access{Name: name, Rights: Rights(), Operations: []string{Every}}
}

// Grants reports whether the access includes the right.
func (a Access) Grants(right Right) bool {
	if len(a.Rights) == 0 {
		return slices.Contains(DefaultRights(), right)
	}

	return slices.Contains(a.Rights, right)
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

// key returns the key that the access refers to, or "" if there is none or it is missing. An empty key matches no caller.
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

// Key is a key of which app.yaml contains the digest.
type Key struct {
	Digest  apikey.Digest
	Expires time.Time // The zero value means never.
}

// isExpired reports whether the key was valid and is no longer.
func (k Key) isExpired(now time.Time) bool { return !k.Expires.IsZero() && !now.Before(k.Expires) }

// digests returns the keys of the access that are set. That of a reference is read, and never expires.
func (a Access) digests() []Key {
	keys := a.Keys
	if key := a.key(); key != "" {
		keys = append(slices.Clip(keys), Key{Digest: apikey.DigestOf(key)})
	}

	return keys
}

// ErrUnknownKey is the error for a key that no access has.
var ErrUnknownKey = errors.New("the key is unknown")

// ExpiredKeyError is the error for a key that has expired.
type ExpiredKeyError struct{ Expired time.Time }

func (e *ExpiredKeyError) Error() string {
	return "the key expired at " + e.Expired.Format(time.RFC3339)
}

// Lookup returns the access of a key. The error is [ErrUnknownKey], an [*ExpiredKeyError], or [apikey.ErrMistyped]. The time that
// it takes does not depend on which key matches, or whether one does.
func (a *App) Lookup(key string) (Access, error) {
	isMade, err := apikey.Check(key)
	if err != nil {
		return Access{}, err
	}

	given := apikey.DigestOf(key)

	return a.lookup(isMade, func(known apikey.Digest) bool { return subtle.ConstantTimeCompare(given[:], known[:]) == 1 })
}

// LookupDigest returns the access with a key whose digest matches. Its errors are those of [App.Lookup].
func (a *App) LookupDigest(matches func(apikey.Digest) bool) (Access, error) {
	return a.lookup(true, matches)
}

// lookup returns the access with a key that matches. Digests in app.yaml count only for keys that were made: a digest of another
// text could reveal it.
func (a *App) lookup(isMade bool, matches func(apikey.Digest) bool) (found Access, err error) {
	now := time.Now()
	err = ErrUnknownKey

	for _, access := range a.Access {
		for i, key := range access.digests() {
			isReferred := i == len(access.Keys)

			switch {
			case !matches(key.Digest) || !isMade && !isReferred:
			case !key.isExpired(now):
				found, err = access, nil
			case err != nil:
				err = &ExpiredKeyError{Expired: key.Expires}
			}
		}
	}

	return found, err
}

// LookupClaims returns the first access all of whose claims a token of an identity provider has. The value of a claim in the
// token is the text of the access, or a list that contains it.
func (a *App) LookupClaims(claims map[string]any) (Access, bool) {
	for _, access := range a.Access {
		if len(access.Claims) > 0 && access.matches(claims) {
			return access, true
		}
	}

	return Access{}, false
}

// NexusAccess returns the access of workflows that call by Nexus, if they have one.
func (a *App) NexusAccess() (Access, bool) {
	if i := slices.IndexFunc(a.Access, func(access Access) bool { return access.Nexus }); i >= 0 {
		return a.Access[i], true
	}

	return Access{}, false
}

// matches reports whether a token has all claims of the access.
func (a Access) matches(claims map[string]any) bool {
	for name, want := range a.Claims {
		switch value := claims[name].(type) {
		case string:
			if value != want {
				return false
			}
		case []any:
			if !slices.Contains(value, any(want)) {
				return false
			}
		default:
			return false
		}
	}

	return true
}

// ExpiringKey is a key that has expired or will expire soon.
type ExpiringKey struct {
	Access string // Its name.
	Key
}

// ExpiringKeys returns the keys that will have expired at a time.
func (a *App) ExpiringKeys(at time.Time) (expiring []ExpiringKey) {
	for _, access := range a.Access {
		for _, key := range access.Keys {
			if key.isExpired(at) {
				expiring = append(expiring, ExpiringKey{Access: access.Name, Key: key})
			}
		}
	}

	return expiring
}

// MissingKeys returns the names of the access whose references lead to no key, so that their holders are rejected.
func (a *App) MissingKeys() []string {
	var names []string

	for _, access := range a.Access {
		if access.Key != "" && access.key() == "" {
			names = append(names, access.Name)
		}
	}

	return names
}
