package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// at returns the value at a path of a JSON document, which may be null. The error is an [*absentError] if the path does not
// exist.
func at(text []byte, path []string) (json.RawMessage, error) {
	found := json.RawMessage(bytes.TrimSpace(text))

	for i, name := range path {
		var object map[string]json.RawMessage
		if err := json.Unmarshal(found, &object); err != nil {
			return nil, fmt.Errorf("the parent of %s is not an object", strings.Join(path[:i+1], "."))
		}

		next, exists := object[name]
		if !exists {
			return nil, &absentError{path: path, known: path[:i], isNull: object == nil, names: slices.Sorted(maps.Keys(object))}
		}

		found = next
	}

	return found, nil
}

// absentError reports a path that does not exist.
type absentError struct {
	path   []string
	known  []string // The part of the path that exists.
	isNull bool     // Whether the value there is null.
	names  []string // Otherwise the names of the object there.
}

// shownNames is the number of names of an object that a message shows.
const shownNames = 20

func (e *absentError) Error() string {
	where := "the page"
	if len(e.known) > 0 {
		where = strings.Join(e.known, ".")
	}

	what := "has no fields"

	switch {
	case e.isNull:
		what = "is null"
	case len(e.names) > shownNames:
		what = fmt.Sprintf("has %s and %d more", strings.Join(e.names[:shownNames], ", "), len(e.names)-shownNames)
	case len(e.names) > 0:
		what = "has " + strings.Join(e.names, ", ")
	}

	return fmt.Sprintf("the path %s does not exist: %s %s", strings.Join(e.path, "."), where, what)
}
