package statement

import (
	"fmt"
	"slices"
	"strings"
)

// resolver resolves the names in statements to tables.
type resolver struct {
	source string // The name of the source.
	folds  bool   // Whether the case of names has no meaning.
	effect Effect
}

// scope has the relations that the expressions of a query can name. The next one has those of the query around it.
type scope struct {
	relations []*bound
	outer     *scope
}

// bound is a relation with its columns.
type bound struct {
	name  name // The name or the alias.
	table int  // The index of the table in the effect's reads, or a negative number.

	columns []Column // The columns, unless it is a table.
	stars   []int    // The tables of which all columns are columns of the relation.
	isOpen  bool     // Whether it has columns with unknown names.

	unread     *name // A table that is read only if one of its columns is named.
	isExcluded bool  // Whether its columns need its name: they are those of the record that an INSERT could not add.
}

const noTable = -1

// ctes are the common table expressions in scope. A later one hides an earlier one of the same name.
type ctes []namedResult

type namedResult struct {
	name   string
	result result
}

// result is the list of columns of a query.
type result struct {
	columns []Column
	stars   []int
	isOpen  bool
}

func (r *resolver) same(a, b string) bool { return a == b || r.folds && strings.EqualFold(a, b) }

func (r *resolver) unknownf(format string, arguments ...any) {
	r.effect.Unknown = AddNew(r.effect.Unknown, fmt.Sprintf(format, arguments...))
}

// read returns the index of a table that is read.
func (r *resolver) read(of name) int {
	at := slices.IndexFunc(r.effect.Reads, func(t Table) bool {
		return t.Name != "" && r.same(t.Space, of.space) && r.same(t.Name, of.name)
	})
	if at >= 0 {
		return at
	}

	r.effect.Reads = append(r.effect.Reads, tableOf(of))

	return len(r.effect.Reads) - 1
}

// tableOf returns a table of that name.
func tableOf(of name) Table {
	if isComputed(of.space) || isComputed(of.name) {
		return Table{Unknown: []string{"the name of the table is computed when the step runs"}, IsOpen: true}
	}

	return Table{Space: of.space, Name: of.name}
}

const computedColumn = "the name of a column is computed when the step runs"

// readColumn records that a column of a table is read.
func (r *resolver) readColumn(table int, column string) Column {
	if isComputed(column) {
		r.effect.Reads[table].IsOpen = true
		r.effect.Reads[table].Unknown = AddNew(r.effect.Reads[table].Unknown, computedColumn)

		return Column{Name: column, Unknown: computedColumn}
	}

	of := &r.effect.Reads[table]

	at := slices.IndexFunc(of.Columns, func(c Column) bool { return r.same(c.Name, column) })
	if at < 0 {
		of.Columns = append(of.Columns, Column{Name: column})
		at = len(of.Columns) - 1
	}

	column = of.Columns[at].Name
	if of.Name == "" {
		return Column{Name: column, Unknown: of.Unknown[0]}
	}

	return Column{Name: column, From: []Origin{{r.source, of.Space, of.Name, column}}}
}

// query resolves a query and returns its columns.
func (r *resolver) query(q *query, outer *scope, known ctes) result {
	known = r.define(q.ctes, outer, known)

	if q.left != nil {
		left := r.query(q.left, outer, known)
		right := r.query(q.right, outer, known)

		all := &bound{table: noTable, columns: left.columns, isOpen: true}
		r.expression(q.order, &scope{outer: outer, relations: []*bound{all}}, known)

		return united(left, right)
	}

	inner := r.from(q.from, outer, known)
	found := r.items(q.items, inner, known)
	r.expression(q.rest, inner, known)

	// A name in ORDER BY is that of a column of the result, if there is one.
	order := q.order
	order.refs = slices.DeleteFunc(slices.Clone(order.refs), func(ref ref) bool {
		isItem := func(i item) bool { return !i.isStar && r.same(i.name, ref.column) }

		return ref.table == name{} && slices.ContainsFunc(q.items, isItem)
	})
	r.expression(order, inner, known)

	if q.into != nil {
		r.write(Create, *q.into, found)
	}

	return found
}

// united returns the columns of a query whose records are those of two.
func united(left, right result) result {
	if left.isOpen || right.isOpen || len(left.columns) != len(right.columns) {
		for i := range left.columns {
			left.columns[i].Unknown = "the columns of another part of the query are not known"
		}

		return result{columns: left.columns, isOpen: left.isOpen || right.isOpen}
	}

	for i := range left.columns {
		left.columns[i] = Merge(left.columns[i], right.columns[i])
	}

	return left
}

// define returns the common table expressions in scope with others, after it has resolved these.
func (r *resolver) define(added []cte, outer *scope, known ctes) ctes {
	known = slices.Clip(known)

	for _, of := range added {
		var found result

		switch {
		case of.change != nil:
			found = r.change(of.change, outer, known)
		case of.query.left != nil && mentions(of.query.right, of.name):
			// A recursive one: its second part reads what the first and the second return.
			inner := r.define(of.query.ctes, outer, known)
			first := renamed(r.query(of.query.left, outer, inner), of.columns)
			found = united(first, r.query(of.query.right, outer, append(inner, namedResult{of.name, first})))
		default:
			found = r.query(of.query, outer, known)
		}

		known = append(known, namedResult{of.name, renamed(found, of.columns)})
	}

	return known
}

// mentions reports whether a query reads a table of that name.
func mentions(q *query, of string) bool {
	if q == nil {
		return false
	}

	within := func(e expr) bool {
		return slices.ContainsFunc(e.queries, func(q *query) bool { return mentions(q, of) })
	}

	return mentions(q.left, of) || mentions(q.right, of) || within(q.rest) || within(q.from.on) ||
		slices.ContainsFunc(q.items, func(i item) bool { return within(i.value) }) ||
		slices.ContainsFunc(q.from.relations, func(n relation) bool {
			return strings.EqualFold(n.table.name, of) || mentions(n.query, of)
		})
}

// renamed returns columns with new names, which may be fewer.
func renamed(of result, names []string) result {
	if len(names) == 0 {
		return of
	}

	if of.isOpen {
		columns := make([]Column, len(names))
		for i, name := range names {
			columns[i] = Column{Name: name, Unknown: "the columns of a part of the query are not known"}
		}

		return result{columns: columns, isOpen: false}
	}

	columns := slices.Clone(of.columns)
	for i := range min(len(columns), len(names)) {
		columns[i].Name = names[i]
	}

	return result{columns: columns}
}

// from resolves the tables of a FROM and returns the scope of the query's expressions.
func (r *resolver) from(of from, outer *scope, known ctes) *scope {
	inner := &scope{outer: outer}

	for _, relation := range of.relations {
		inner.relations = append(inner.relations, r.relation(relation, inner, known))
	}

	for _, column := range of.using {
		for _, in := range inner.relations {
			if in.table >= 0 {
				r.readColumn(in.table, column)
			}
		}
	}

	if of.natural {
		r.unknownf("a NATURAL JOIN compares columns that the statement does not name")
	}

	r.expression(of.on, inner, known)

	return inner
}

// relation resolves an entry of a FROM. A query in it can name the entries before it if it is LATERAL.
func (r *resolver) relation(of relation, before *scope, known ctes) *bound {
	in := &bound{name: name{name: of.alias}, table: noTable}

	var found result

	switch {
	case of.query != nil:
		found = r.query(of.query, before, known)
	case of.isCall:
		r.expression(of.values, before, known)

		found.isOpen = true
	default:
		if of.alias == "" {
			in.name = of.table
		}

		at := -1
		if of.table.space == "" {
			at = lastIndex(known, func(n namedResult) bool { return r.same(n.name, of.table.name) })
		}

		if at < 0 {
			in.table, in.isOpen = r.read(of.table), true

			return in
		}

		found = known[at].result
	}

	found = renamed(found, of.columns)
	in.columns, in.stars, in.isOpen = found.columns, found.stars, found.isOpen

	return in
}

func lastIndex[T any](list []T, matches func(T) bool) int {
	for at, entry := range slices.Backward(list) {
		if matches(entry) {
			return at
		}
	}

	return -1
}

// items resolves the list of a SELECT.
func (r *resolver) items(items []item, in *scope, known ctes) result {
	var found result

	for _, item := range items {
		if item.isStar {
			r.star(&found, item.star, in)

			continue
		}

		value := r.expression(item.value, in, known)

		value.Name = item.name
		if isComputed(item.name) || item.name == "" {
			value.Name = ""
		}

		found.columns = append(found.columns, value)
	}

	return found
}

// star adds all columns of a relation, or of all relations of the scope.
func (r *resolver) star(to *result, of name, in *scope) {
	matched := false

	for _, relation := range in.relations {
		if of != (name{}) && !r.isNamed(relation, of) {
			continue
		}

		matched = true
		to.columns = append(to.columns, relation.columns...)
		to.isOpen = to.isOpen || relation.isOpen
		to.stars = append(to.stars, relation.stars...)

		if relation.table >= 0 {
			r.effect.Reads[relation.table].IsOpen = true
			to.stars = append(to.stars, relation.table)
		}
	}

	to.isOpen = to.isOpen || !matched
}

// isNamed reports whether a relation can be named so. The name of a column may omit the space of its table.
func (r *resolver) isNamed(in *bound, by name) bool {
	return r.same(in.name.name, by.name) && (by.space == "" || r.same(in.name.space, by.space))
}

// expression resolves the columns and the queries in an expression, and returns its value as a column without a name.
func (r *resolver) expression(of expr, in *scope, known ctes) Column {
	var value Column

	for _, ref := range of.refs {
		value = Merge(value, r.ref(ref, in))
	}

	for _, inner := range of.queries {
		for _, column := range r.query(inner, in, known).columns {
			value = Merge(value, column)
		}
	}

	value.Name = ""

	return value
}

// ref resolves a mention of a column. Without the name of a table, it is a column of the innermost query that can have it.
func (r *resolver) ref(of ref, in *scope) Column {
	if of.column == allColumns {
		var all result
		r.star(&all, of.table, in)

		return Column{Unknown: "it depends on all columns of a table"}
	}

	for at := in; at != nil; at = at.outer {
		var open []*bound

		for _, relation := range at.relations {
			if of.table == (name{}) && relation.isExcluded || of.table != (name{}) && !r.isNamed(relation, of.table) {
				continue
			}

			for _, column := range relation.columns {
				if r.same(column.Name, of.column) && column.Name != "" {
					return column
				}
			}

			if relation.isOpen || relation.table >= 0 {
				open = append(open, relation)
			}
		}

		switch {
		case len(open) == 1:
			return r.columnOf(open[0], of.column)
		case len(open) > 1:
			return r.ambiguous(of.column, open)
		}
	}

	return Column{} // A variable, a parameter of a function, or a text.
}

// columnOf returns a column of a relation with unknown columns.
func (r *resolver) columnOf(in *bound, column string) Column {
	if in.unread != nil {
		in.table, in.unread = r.read(*in.unread), nil
	}

	switch {
	case in.table >= 0:
		return r.readColumn(in.table, column)
	case len(in.stars) == 1:
		return r.readColumn(in.stars[0], column)
	}

	return Column{Name: column, Unknown: fmt.Sprintf("the origin of %s is not known", column)}
}

// ambiguous reports that a column may be one of several tables.
func (r *resolver) ambiguous(column string, in []*bound) Column {
	var names []string

	for _, relation := range in {
		names = append(names, relation.name.name)

		if relation.table >= 0 {
			r.effect.Reads[relation.table].Unknown = AddNew(r.effect.Reads[relation.table].Unknown,
				fmt.Sprintf("the column %s may be one of this table or of another; the statement does not say", column))
		}
	}

	return Column{Name: column, Unknown: fmt.Sprintf("%s may be a column of %s", column, strings.Join(names, ", "))}
}
