package app

import (
	"crypto/sha256"
	"crypto/subtle"
	"os"
	"slices"
	"strings"
)

// Right is something that the holder of a key may do.
type Right string

// The rights there are.
const (
	Execute Right = "execute" // Start jobs, and read the answers of those calls.
	Status  Right = "status"  // Read the status and the results of jobs.
	Signal  Right = "signal"  // Tell a job that waits for it to go on.
)

// Access lets the holders of one key use the app.
type Access struct {
	Name   string  // The name of the key's holder.
	Key    string  // A reference to the key, never the key itself: ${env:NAME} or ${file:path}.
	Rights []Right // The rights of the holder; empty for all rights.
}

// Grants reports whether the access includes the right.
func (a Access) Grants(right Right) bool {
	return len(a.Rights) == 0 || slices.Contains(a.Rights, right)
}

// reference takes the reference to the key apart.
func (a Access) reference() (scheme, name string, ok bool) {
	inner, closed := strings.CutSuffix(a.Key, "}")

	inner, opened := strings.CutPrefix(inner, "${")
	scheme, name, cut := strings.Cut(inner, ":")

	return scheme, name, closed && opened && cut && name != "" && (scheme == "env" || scheme == "file")
}

// key looks the key up. An empty one was not found, and opens nothing.
func (a Access) key() string {
	scheme, name, _ := a.reference()
	if scheme == "env" {
		return os.Getenv(name)
	}

	text, err := os.ReadFile(name) //nolint:gosec // The app's author names the file.
	if err != nil {
		return "" // A key that can't be read opens nothing; MissingKeys tells the operator.
	}

	return strings.TrimSpace(string(text))
}

// Lookup returns the access that key gives. It takes the same time whichever key is right, or none.
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

// MissingKeys returns the names of those whose key can't be found, and who therefore can't get in.
func (a *App) MissingKeys() []string {
	var names []string

	for _, access := range a.Access {
		if access.key() == "" {
			names = append(names, access.Name)
		}
	}

	return names
}
