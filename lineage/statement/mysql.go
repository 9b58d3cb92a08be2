package statement

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/pingcap/tidb/pkg/parser"
	"github.com/pingcap/tidb/pkg/parser/ast"
	_ "github.com/pingcap/tidb/pkg/parser/test_driver" // The literals of expressions, which the parser requires.
)

// parseMySQL parses a statement with the parser of TiDB, whose SQL is that of MySQL.
func parseMySQL(text string) (parsed, error) {
	statements, _, err := parser.New().ParseSQL(text)

	switch {
	case err != nil:
		message, _, _ := strings.Cut(err.Error(), "\n")

		return parsed{}, fmt.Errorf("it can't be parsed: %s", strings.TrimSpace(message))
	case len(statements) == 0:
		return parsed{}, nil
	}

	return mysql{}.statement(statements[0]), nil
}

// mysql translates the syntax tree of TiDB's parser.
type mysql struct{}

func (m mysql) statement(of ast.StmtNode) (found parsed) {
	one := func(c change) { found.changes = append(found.changes, c) }

	switch s := of.(type) {
	case *ast.SelectStmt, *ast.SetOprStmt:
		found.query = m.query(s)

		if selects, is := s.(*ast.SelectStmt); is && selects.SelectIntoOpt != nil {
			found.unknown = "SELECT … INTO writes a file on the server of the database, or variables"
		}
	case *ast.InsertStmt:
		one(m.insert(s))
	case *ast.UpdateStmt:
		one(m.update(s))
	case *ast.DeleteStmt:
		one(m.delete(s))
	case *ast.CreateTableStmt:
		one(m.createTable(s))
	case *ast.CreateViewStmt:
		one(change{mode: Create, targets: m.targets(s.ViewName), source: m.query(s.Select), columns: texts(s.Cols)})
	case *ast.DropTableStmt:
		for _, table := range s.Tables {
			one(change{mode: Drop, targets: m.targets(table)})
		}
	case *ast.TruncateTableStmt:
		one(change{mode: Truncate, targets: m.targets(s.Table)})
	case *ast.AlterTableStmt:
		one(change{mode: Alter, targets: m.targets(s.Table)})
	case *ast.RenameTableStmt:
		for _, renamed := range s.TableToTables {
			one(change{mode: Drop, targets: m.targets(renamed.OldTable)})
			one(change{mode: Create, targets: m.targets(renamed.NewTable), source: &query{
				from: from{relations: m.targets(renamed.OldTable)}, items: []item{{isStar: true}},
			}})
		}
	case *ast.LoadDataStmt:
		one(change{mode: Insert, targets: m.targets(s.Table), columns: m.names(s.Columns)})

		found.unknown = "LOAD DATA reads a file of the database's server or client"
	case *ast.ExplainStmt:
		return m.statement(s.Stmt)
	case *ast.BeginStmt, *ast.CommitStmt, *ast.RollbackStmt, *ast.SavepointStmt, *ast.ReleaseSavepointStmt, *ast.SetStmt,
		*ast.CreateIndexStmt, *ast.DropIndexStmt, *ast.AnalyzeTableStmt, *ast.OptimizeTableStmt, *ast.LockTablesStmt,
		*ast.UnlockTablesStmt, *ast.CreateDatabaseStmt, *ast.GrantStmt, *ast.RevokeStmt, *ast.FlushStmt, *ast.ShowStmt:
	default:
		name := strings.TrimSuffix(reflect.TypeOf(s).Elem().Name(), "Stmt")
		found.unknown = "the tables that " + name + " concerns are not known"
	}

	return found
}

func (m mysql) name(of *ast.TableName) name { return name{of.Schema.O, of.Name.O} }

func (m mysql) targets(of *ast.TableName) []relation { return []relation{{table: m.name(of)}} }

// texts returns names as they are written.
func texts(of []ast.CIStr) (texts []string) {
	for _, name := range of {
		texts = append(texts, name.O)
	}

	return texts
}

func (m mysql) names(of []*ast.ColumnName) (names []string) {
	for _, column := range of {
		names = append(names, column.Name.O)
	}

	return names
}

// query translates a SELECT, or several of which the records are united.
func (m mysql) query(of ast.Node) *query {
	switch s := of.(type) {
	case *ast.SelectStmt:
		return m.selects(s)
	case *ast.SetOprStmt:
		q := m.list(s.SelectList)
		q.ctes = append(m.ctes(s.With), q.ctes...)

		m.add(&q.order, s.OrderBy)

		return q
	case *ast.SetOprSelectList:
		return m.list(s)
	case *ast.SubqueryExpr:
		return m.query(s.Query)
	}

	return &query{}
}

func (m mysql) list(of *ast.SetOprSelectList) *query {
	var q *query

	for _, entry := range of.Selects {
		if q == nil {
			q = m.query(entry)
		} else {
			q = &query{left: q, right: m.query(entry)}
		}
	}

	if q == nil {
		return &query{}
	}

	if with := of.With; with != nil {
		of := *q
		of.ctes = m.ctes(with)
		q = &of
	}

	return q
}

func (m mysql) ctes(of *ast.WithClause) (found []cte) {
	if of == nil {
		return nil
	}

	for _, entry := range of.CTEs {
		found = append(found, cte{name: entry.Name.O, query: m.query(entry.Query), columns: texts(entry.ColNameList)})
	}

	return found
}

func (m mysql) selects(of *ast.SelectStmt) *query {
	q := &query{ctes: m.ctes(of.With)}

	if of.From != nil {
		q.from = m.from(of.From.TableRefs)
	}

	if of.Kind == ast.SelectStmtKindTable { // TABLE t.
		q.items = []item{{isStar: true}}

		return q
	}

	if of.Fields != nil {
		q.items = m.items(of.Fields.Fields)
	}

	for row, values := range of.Lists {
		for i, value := range values.Values {
			if row == 0 {
				q.items = append(q.items, item{name: fmt.Sprintf("column_%d", i)})
			}

			if i < len(q.items) {
				q.items[i].value.and(m.expr(value))
			}
		}
	}

	m.add(&q.rest, of.Where)

	for i := range of.WindowSpecs {
		q.rest.and(m.expr(&of.WindowSpecs[i]))
	}

	m.add(&q.order, of.GroupBy)

	m.add(&q.order, of.Having)

	m.add(&q.order, of.OrderBy)

	return q
}

func (m mysql) items(fields []*ast.SelectField) (items []item) {
	for _, field := range fields {
		if field.WildCard != nil {
			items = append(items, item{isStar: true, star: name{field.WildCard.Schema.O, field.WildCard.Table.O}})

			continue
		}

		added := item{name: field.AsName.O, value: m.expr(field.Expr)}
		if column, is := field.Expr.(*ast.ColumnNameExpr); is && added.name == "" {
			added.name = column.Name.Name.O
		}

		items = append(items, added)
	}

	return items
}

// from translates a FROM.
func (m mysql) from(of ast.ResultSetNode) (found from) {
	m.addTo(&found, of)

	return found
}

func (m mysql) addTo(to *from, entry ast.ResultSetNode) {
	switch n := entry.(type) {
	case *ast.Join:
		m.addTo(to, n.Left)

		if n.Right != nil {
			m.addTo(to, n.Right)
		}

		if n.On != nil {
			to.on.and(m.expr(n.On.Expr))
		}

		to.using = append(to.using, m.names(n.Using)...)
		to.natural = to.natural || n.NaturalJoin
	case *ast.TableSource:
		added := relation{alias: n.AsName.O, columns: texts(n.ColumnNames)}

		switch inner := n.Source.(type) {
		case *ast.TableName:
			added.table = m.name(inner)
		case *ast.Join:
			m.addTo(to, inner)

			return
		default:
			added.query = m.query(inner)
		}

		to.relations = append(to.relations, added)
	case *ast.TableName:
		to.relations = append(to.relations, relation{table: m.name(n)})
	}
}

func (m mysql) insert(of *ast.InsertStmt) change {
	c := change{mode: Insert, columns: m.names(of.Columns)}

	if of.Table != nil {
		c.targets = m.from(of.Table.TableRefs).relations
	}

	if of.Select != nil {
		c.source = m.query(of.Select)
	}

	for _, values := range of.Lists {
		for _, value := range values {
			c.rest.and(m.expr(value))
		}
	}

	if len(of.OnDuplicate) > 0 {
		c.excluded, c.sets = true, m.sets(of.OnDuplicate)
	}

	return c
}

func (m mysql) sets(of []*ast.Assignment) (sets []set) {
	for _, assignment := range of {
		sets = append(sets, set{column: m.ref(assignment.Column), value: m.expr(assignment.Expr)})
	}

	return sets
}

// update translates an UPDATE, whose tables are both read and written.
func (m mysql) update(of *ast.UpdateStmt) change {
	c := change{mode: Update, ctes: m.ctes(of.With), sets: m.sets(of.List)}

	m.add(&c.rest, of.Where)

	m.add(&c.rest, of.Order)

	tables := m.from(of.TableRefs.TableRefs)
	if len(tables.relations) == 1 {
		c.targets = tables.relations

		return c
	}

	c.from, c.joined = tables, true

	for _, table := range tables.relations {
		for _, set := range c.sets {
			if set.column.table.name != "" && m.isNamed(table, set.column.table) && table.query == nil {
				c.targets = append(c.targets, table)

				break
			}
		}
	}

	return c
}

// isNamed reports whether a relation has that name or alias.
func (m mysql) isNamed(table relation, by name) bool {
	if table.alias != "" {
		return strings.EqualFold(table.alias, by.name)
	}

	return strings.EqualFold(table.table.name, by.name)
}

func (m mysql) delete(of *ast.DeleteStmt) change {
	c := change{mode: Delete, ctes: m.ctes(of.With)}

	m.add(&c.rest, of.Where)

	tables := m.from(of.TableRefs.TableRefs)
	if of.Tables == nil {
		c.targets = tables.relations

		return c
	}

	c.from, c.joined = tables, true

	for _, deleted := range of.Tables.Tables {
		for _, table := range tables.relations {
			if m.isNamed(table, m.name(deleted)) {
				c.targets = append(c.targets, table)
			}
		}
	}

	return c
}

func (m mysql) createTable(of *ast.CreateTableStmt) change {
	c := change{mode: Create, targets: m.targets(of.Table)}

	for _, column := range of.Cols {
		c.columns = append(c.columns, column.Name.Name.O)
	}

	switch {
	case of.Select != nil:
		c.source = m.query(of.Select)
		c.columns = nil // The columns of the query are added to them, or are the same.
	case of.ReferTable != nil:
		c.source = &query{from: from{relations: m.targets(of.ReferTable)}, items: []item{{isStar: true}}}
	}

	return c
}

// ref translates the name of a column.
func (m mysql) ref(of *ast.ColumnName) ref {
	return ref{table: name{of.Schema.O, of.Table.O}, column: of.Name.O}
}

// expr translates an expression, or a clause with expressions.
// add adds what a part of a statement mentions. The part may be missing.
func (m mysql) add(to *expr, of ast.Node) {
	if of != nil && !reflect.ValueOf(of).IsNil() {
		to.and(m.expr(of))
	}
}

func (m mysql) expr(of ast.Node) expr {
	var found mentioned

	of.Accept(&found)

	return found.expr
}

// mentioned collects the columns and the queries that a part of the tree mentions.
type mentioned struct{ expr expr }

// Enter implements [ast.Visitor].
func (v *mentioned) Enter(n ast.Node) (ast.Node, bool) {
	switch n := n.(type) {
	case *ast.ColumnNameExpr:
		v.expr.refs = append(v.expr.refs, mysql{}.ref(n.Name))
	case *ast.SubqueryExpr:
		v.expr.queries = append(v.expr.queries, mysql{}.query(n.Query))

		return n, true
	case *ast.ValuesExpr: // VALUES(column) in ON DUPLICATE KEY UPDATE is a value that could not be added.
		reference := mysql{}.ref(n.Column.Name)
		reference.table = name{name: "excluded"}
		v.expr.refs = append(v.expr.refs, reference)

		return n, true
	}

	return n, false
}

// Leave implements [ast.Visitor].
func (v *mentioned) Leave(n ast.Node) (ast.Node, bool) { return n, true }
