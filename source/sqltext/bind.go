package sqltext

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Bind writes a statement with the database's placeholders for its :name parameters, and returns the values in the order
// of their numbers. A parameter that bind does not have is an error, as only the database would find out otherwise, or
// nobody. It reports by used which values the statement has parameters for.
func (d Dialect) Bind(statement string, bind map[string]any) (text string, values []any, used map[string]bool, err error) {
	var written strings.Builder

	used = map[string]bool{}
	numbers := map[string]int{}

	for tokens := (&scanner{dialect: d, rest: statement}); ; {
		found, ok := tokens.next()
		if !ok {
			return written.String(), values, used, nil
		}

		if found.kind != parameter {
			written.WriteString(found.text)

			continue
		}

		name := found.text[1:]

		value, given := bind[name]
		if !given {
			return "", nil, nil, fmt.Errorf("the parameter :%s has no value; %s", name, valuesOf(bind))
		}

		used[name] = true

		// A database whose placeholders have no numbers takes a value for each.
		if numbers[name] == 0 || d.Placeholder(1) == d.Placeholder(2) {
			values = append(values, value)
			numbers[name] = len(values)
		}

		written.WriteString(d.Placeholder(numbers[name]))
	}
}

// valuesOf says which values there are.
func valuesOf(bind map[string]any) string {
	if len(bind) == 0 {
		return "give bind a value for it"
	}

	return "bind has " + strings.Join(slices.Sorted(maps.Keys(bind)), ", ")
}

// Unused returns an error for the values of bind that no statement uses, so that a misspelt name is not ignored.
func Unused(bind map[string]any, used map[string]bool) error {
	for _, name := range slices.Sorted(maps.Keys(bind)) {
		if !used[name] {
			return fmt.Errorf("bind has a value for %s, but there is no parameter :%s", name, name)
		}
	}

	return nil
}
