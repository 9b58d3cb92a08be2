package mysql

import (
	"strings"

	"github.com/jobwright/jobwright/source"
)

// quote writes a name as an SQL identifier.
func quote(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// quoteTable writes the name of a table, with its space where it has one.
func quoteTable(table source.Table) string {
	if table.Space == "" {
		return quote(table.Name)
	}

	return quote(table.Space) + "." + quote(table.Name)
}

// joined writes names as a list, each in the form that write gives it.
func joined(names []string, separator string, write func(name string) string) string {
	written := make([]string, len(names))
	for i, name := range names {
		written[i] = write(name)
	}

	return strings.Join(written, separator)
}
