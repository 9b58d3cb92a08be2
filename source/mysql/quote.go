package mysql

import (
	"strings"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/database"
)

// quote returns a name as a quoted SQL identifier.
func quote(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// quoteTable returns the quoted name of a table, qualified with its space if it has one.
func quoteTable(table source.Table) string { return database.Qualify(table, quote) }
