package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// at returns what stands at a path of a JSON document, null among it. The error is an [*absentError] where the path leads to
// nothing.
func at(text []byte, path []string) (json.RawMessage, error) {
	found := json.RawMessage(bytes.TrimSpace(text))

	for i, name := range path {
		var object map[string]json.RawMessage
		if err := json.Unmarshal(found, &object); err != nil {
			return nil, fmt.Errorf("there is no object around %s", strings.Join(path[:i+1], "."))
		}

		next, isThere := object[name]
		if !isThere {
			return nil, &absentError{path: path, known: path[:i], isNull: object == nil, names: slices.Sorted(maps.Keys(object))}
		}

		found = next
	}

	return found, nil
}

// absentError tells how far a path leads.
type absentError struct {
	path   []string
	known  []string // The beginning of the path that is there.
	isNull bool     // Whether null stands there,
	names  []string // or an object with these names.
}

// shownNames is how many names of an object a message shows.
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

	return fmt.Sprintf("there is nothing at %s: %s %s", strings.Join(e.path, "."), where, what)
}
