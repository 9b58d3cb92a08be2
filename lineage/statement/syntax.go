package statement

// The types of this file are the part of a statement's syntax that matters for its tables and columns. Each parser is translated
// into them.

// name is the name of a table or of a column's table.
type name struct{ space, name string }

// ref is a mention of a column. Its table is the name or the alias of a table, or empty. The column "*" stands for all.
type ref struct {
	table  name
	column string
	place  int // Where it is in the text.
}

const allColumns = "*"

// expr is an expression, or several.
type expr struct {
	refs    []ref
	queries []*query
}

// and adds another expression.
func (e *expr) and(other expr) {
	e.refs = append(e.refs, other.refs...)
	e.queries = append(e.queries, other.queries...)
}

// item is an entry of the list of a SELECT. One with isStar stands for all columns of a table, or of all tables.
type item struct {
	name   string // The name of the column; empty if the database makes one up.
	value  expr
	isStar bool
	star   name
}

// relation is an entry of a FROM.
type relation struct {
	table   name   // The name of a table or of a common table expression.
	query   *query // Instead of a table.
	values  expr   // Instead of a table: the arguments of a function that returns records.
	isCall  bool   // Whether it is such a function.
	alias   string
	columns []string // The new names of the columns.
}

// from is a FROM: its tables, without the structure of their joins.
type from struct {
	relations []relation
	on        expr     // The conditions of joins.
	using     []string // The columns by which tables are joined.
	natural   bool
}

// cte is a common table expression.
type cte struct {
	name    string
	columns []string
	query   *query
	change  *change // Instead of a query: a statement whose RETURNING is the table.
}

// query is a SELECT, a VALUES, or a combination of two queries, left and right.
type query struct {
	ctes        []cte
	left, right *query
	from        from
	items       []item
	rest        expr // The conditions, and whatever else can't name the columns of the result.
	order       expr // What can also name columns of the result.
	into        *name
}

// change is a statement that changes tables.
type change struct {
	mode      Mode
	ctes      []cte
	targets   []relation // The tables that it writes.
	joined    bool       // Whether from has the targets, too.
	columns   []string   // The columns of an INSERT, or of a table that is created; empty if the text does not list them.
	source    *query     // The records of an INSERT, or of a table that is created.
	sets      []set
	from      from // The other tables of an UPDATE or a DELETE.
	rest      expr
	returning []item
	excluded  bool // Whether "excluded" is the record that an INSERT could not add.
}

// set is an assignment of a value to a column.
type set struct {
	column ref
	value  expr
}

// parsed is one statement: a query or changes. A statement that concerns no table is neither.
type parsed struct {
	query   *query
	changes []change
	unknown string // Why it may concern other tables.
}
