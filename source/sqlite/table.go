package sqlite

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jobwright/jobwright/source"
)

// table is the definition of a table or a view.
type table struct {
	name    string
	exists  bool
	isView  bool
	columns []tableColumn
	primary []string // The columns of the primary key.
	indexes []index
}

type tableColumn struct {
	name      string
	declared  string
	generated bool
}

// index is an index on all records of a table; partial indexes are not listed.
type index struct {
	unique  bool
	columns []string
}

// table returns the definition of a table or view. If it does not exist, only the name is set.
func (c *connection) table(name string) (table, error) {
	found := table{name: name}
	values := []any{name}

	err := c.each("SELECT type FROM pragma_table_list WHERE schema = 'main' AND name = ? COLLATE NOCASE", values,
		func(row *statement) error {
			found.exists, found.isView = true, row.text(0) == "view"

			return nil
		})
	if err != nil || !found.exists {
		return found, err
	}

	// hidden is 1 for a hidden column of a virtual table, and 2 or 3 for a generated column.
	definition := "SELECT name, type, pk, hidden FROM pragma_table_xinfo(?) WHERE hidden <> 1"
	err = c.each(definition, values, func(row *statement) error {
		column := tableColumn{name: row.text(0), declared: row.text(1), generated: row.integer(3) > 1}
		found.columns = append(found.columns, column)

		if row.integer(2) > 0 {
			found.primary = append(found.primary, column.name)
		}

		return nil
	})

	return found, err
}

// readIndexes adds the table's indexes to its definition.
func (c *connection) readIndexes(t *table) error {
	last := ""

	return c.each(`SELECT list.name, list."unique", info.name
		FROM pragma_index_list(?) AS list, pragma_index_info(list.name) AS info
		WHERE NOT list.partial
		ORDER BY list.seq, info.seqno`, []any{t.name}, func(row *statement) error {
		if name := row.text(0); len(t.indexes) == 0 || name != last {
			last = name
			t.indexes = append(t.indexes, index{unique: row.integer(1) == 1})
		}

		at := &t.indexes[len(t.indexes)-1]
		at.columns = append(at.columns, row.text(2)) // "" for an expression, which equals no column's name.

		return nil
	})
}

// isUnique reports whether the table can't contain two records with the same key.
func (t *table) isUnique(key []string) bool {
	return sameNames(t.primary, key) ||
		slices.ContainsFunc(t.indexes, func(i index) bool { return i.unique && sameNames(i.columns, key) })
}

// isIndexed reports whether the table has an index that starts with the columns of a key.
func (t *table) isIndexed(key []string) bool {
	leads := func(columns []string) bool { return len(columns) >= len(key) && sameNames(columns[:len(key)], key) }

	return leads(t.primary) || slices.ContainsFunc(t.indexes, func(i index) bool { return leads(i.columns) })
}

// column returns the column with the given name, or the zero value if there is none.
func (t *table) column(name string) tableColumn {
	at := slices.IndexFunc(t.columns, func(column tableColumn) bool { return sameName(column.name, name) })
	if at < 0 {
		return tableColumn{}
	}

	return t.columns[at]
}

// names returns the names of the columns that can be written.
func (t *table) names() []string {
	var names []string

	for _, column := range t.columns {
		if !column.generated && !t.isView {
			names = append(names, column.name)
		}
	}

	return names
}

// asTarget describes the table for the validation of a write.
func (t *table) asTarget() *source.Target {
	if !t.exists {
		return nil
	}

	target := &source.Target{}
	if t.isView {
		target.Kind = "view"
	}

	for _, column := range t.columns {
		target.Add(column.name, column.generated)
	}

	return target
}

// sameName reports whether two names are equal for SQLite.
func sameName(a, b string) bool { return strings.EqualFold(a, b) }

// sameNames reports whether two lists contain the same names, in any order.
func sameNames(a, b []string) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(name string) bool { return !hasName(b, name) })
}

func hasName(names []string, name string) bool {
	return slices.ContainsFunc(names, func(listed string) bool { return sameName(listed, name) })
}

// definition returns the CREATE TABLE statement for a schema. The unique columns, if any, become a UNIQUE constraint.
func definition(name string, schema source.Schema, unique []string) string {
	parts := make([]string, 0, len(schema)+1)
	for _, column := range schema {
		parts = append(parts, quote(column.Name)+" "+declaration(column.Standard))
	}

	if len(unique) > 0 {
		parts = append(parts, "UNIQUE ("+quoted(unique)+")")
	}

	return fmt.Sprintf("CREATE TABLE %s (%s)", quote(name), strings.Join(parts, ", "))
}
