package sqltext

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Bind replaces the :name parameters of a statement with the database's placeholders. values are the values of the
// placeholders, in order, and used contains the names of the parameters. A parameter without a value in bind is an error.
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

		// If placeholders have no numbers, each of them requires a value.
		if numbers[name] == 0 || d.Placeholder(1) == d.Placeholder(2) {
			values = append(values, value)
			numbers[name] = len(values)
		}

		written.WriteString(d.Placeholder(numbers[name]))
	}
}

// valuesOf returns a message about the values in bind.
func valuesOf(bind map[string]any) string {
	if len(bind) == 0 {
		return "set the value in bind"
	}

	return "bind has " + strings.Join(slices.Sorted(maps.Keys(bind)), ", ")
}

// Unused returns an error for a value of bind that no statement uses, so that misspelt names are reported.
func Unused(bind map[string]any, used map[string]bool) error {
	for _, name := range slices.Sorted(maps.Keys(bind)) {
		if !used[name] {
			return fmt.Errorf("bind has a value for %s, but there is no parameter :%s", name, name)
		}
	}

	return nil
}
