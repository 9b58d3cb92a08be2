package database

import (
	"strings"

	"github.com/jobwright/jobwright/source"
)

// Join formats each name and joins the results.
func Join(names []string, separator string, format func(name string) string) string {
	formatted := make([]string, len(names))
	for i, name := range names {
		formatted[i] = format(name)
	}

	return strings.Join(formatted, separator)
}

// Qualify returns the quoted name of a table, with its space if it has one.
func Qualify(table source.Table, quote func(name string) string) string {
	if table.Space == "" {
		return quote(table.Name)
	}

	return quote(table.Space) + "." + quote(table.Name)
}
