package app

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/jobwright/jobwright/job"
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
	Name   string  `yaml:"name"`   // Who holds the key, for people.
	Key    string  `yaml:"key"`    // Where the key is found, never the key itself: ${env:NAME} or ${file:path}.
	Rights []Right `yaml:"rights"` // What the key is good for; everything, by default.
}

// Grants reports whether the access includes the right.
func (a Access) Grants(right Right) bool {
	return len(a.Rights) == 0 || slices.Contains(a.Rights, right)
}

// checkAccess finds mistakes in what app.yaml says of access.
func (a *App) checkAccess() error {
	for _, access := range a.Access {
		if access.Name == job.AnyAccess {
			return fmt.Errorf("app %s: app.yaml is wrong: nobody can be named %q in access, which stands for everybody",
				a.ID, access.Name)
		}

		if _, _, ok := access.reference(); !ok {
			return fmt.Errorf("app %s: app.yaml is wrong: the key of %q must be a reference, ${env:NAME} or ${file:path}",
				a.ID, access.Name)
		}

		for _, right := range access.Rights {
			if right != Execute && right != Status && right != Signal {
				return fmt.Errorf("app %s: app.yaml is wrong: unknown right %q; there are %s, %s and %s",
					a.ID, right, Execute, Status, Signal)
			}
		}
	}

	return nil
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
