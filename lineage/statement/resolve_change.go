package statement

import (
	"slices"
)

// write adds a table with the columns that it gets from a query.
func (r *resolver) write(mode Mode, of name, with result) {
	table := tableOf(of)
	table.Mode = mode
	table.Columns, table.IsOpen = named(with.columns), table.IsOpen || with.isOpen

	if len(table.Columns) < len(with.columns) {
		table.IsOpen = true
	}

	r.effect.Writes = append(r.effect.Writes, table)
}

// named returns the columns whose names are known.
func named(columns []Column) []Column {
	return slices.DeleteFunc(slices.Clone(columns), func(c Column) bool { return c.Name == "" })
}

// change resolves a statement that changes tables, and returns the columns of its RETURNING.
func (r *resolver) change(c *change, outer *scope, known ctes) result {
	known = r.define(c.ctes, outer, known)

	var source result
	if c.source != nil {
		source = r.query(c.source, outer, known)
	}

	inner := r.from(c.from, outer, known)
	written := make([]result, len(c.targets))

	for i, target := range c.targets {
		written[i] = fields(c, source)

		if !c.joined {
			inner.relations = append(inner.relations, r.target(c, target, written[i]))
		}
	}

	if c.excluded {
		inner.relations = append(inner.relations, &bound{
			name: name{name: "excluded"}, table: noTable, columns: named(fields(c, source).columns), isExcluded: true,
		})
	}

	for _, set := range c.sets {
		r.set(c, written, set, r.expression(set.value, inner, known))
	}

	r.expression(c.rest, inner, known)
	returned := r.items(c.returning, inner, known)

	for i, target := range c.targets {
		r.write(c.mode, target.table, written[i])
	}

	return returned
}

// target returns the relation by which the expressions of a change name the table that it writes. The records of an INSERT are
// those that it adds. Of other changes, the table is read if an expression names one of its columns.
func (r *resolver) target(c *change, of relation, written result) *bound {
	in := &bound{name: of.table, table: noTable, isOpen: true}

	if of.alias != "" {
		in.name = name{name: of.alias}
	}

	if c.mode == Insert && !c.excluded {
		in.columns = named(written.columns)
	} else {
		in.unread = &of.table
	}

	return in
}

// set records an assignment to a column of one of the targets.
func (r *resolver) set(c *change, written []result, to set, value Column) {
	value.Name = to.column.column

	at := slices.IndexFunc(c.targets, func(t relation) bool {
		return r.same(to.column.table.name, t.alias) || t.alias == "" && r.same(to.column.table.name, t.table.name)
	})

	if len(c.targets) == 1 && !c.joined {
		at = 0
	}

	switch {
	case at < 0:
		r.unknownf("the statement does not say which table has the column %s", value.Name)
	case isComputed(value.Name):
		written[at].isOpen = true
	default:
		written[at].columns = addColumn(slices.Clone(written[at].columns), value)
	}
}

// fields returns the columns of the records that a change adds to a table, with their origins.
func fields(c *change, source result) result {
	switch {
	case len(c.columns) == 0 && c.mode == Create:
		return source
	case len(c.columns) == 0:
		return result{isOpen: c.mode == Insert}
	}

	var found result

	for i, name := range c.columns {
		column := Column{Name: name}

		switch {
		case c.source == nil:
		case source.isOpen || len(source.columns) != len(c.columns):
			column.Unknown = "the columns of the query are not known"
		default:
			column = source.columns[i]
			column.Name = name
		}

		if isComputed(name) {
			found.isOpen = true
		} else {
			found.columns = append(found.columns, column)
		}
	}

	return found
}
