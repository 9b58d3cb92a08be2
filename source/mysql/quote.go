package mysql

import (
	"strings"

	"github.com/jobwright/jobwright/source"
)

// quote returns a name as a quoted SQL identifier.
func quote(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// quoteTable returns the quoted name of a table, qualified with its space if it has one.
func quoteTable(table source.Table) string {
	if table.Space == "" {
		return quote(table.Name)
	}

	return quote(table.Space) + "." + quote(table.Name)
}

// joined formats each name and joins the results.
func joined(names []string, separator string, format func(name string) string) string {
	formatted := make([]string, len(names))
	for i, name := range names {
		formatted[i] = format(name)
	}

	return strings.Join(formatted, separator)
}
