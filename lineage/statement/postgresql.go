package statement

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/wasilibs/go-pgquery/parser"
)

// parsing is held while PostgreSQL's parser runs: each concurrent call would create another one, with its memory.
var parsing sync.Mutex

// node is a node of PostgreSQL's syntax tree.
type node map[string]any

// parsePostgreSQL parses a statement with the parser of PostgreSQL.
func parsePostgreSQL(text string) (parsed, error) {
	statement, err := postgresTree(text)
	if err != nil || statement == nil {
		return parsed{}, err
	}

	return postgres{}.statement(statement)
}

// postgresTree returns the syntax tree of a statement, or nil if there is none.
func postgresTree(text string) (node, error) {
	parsing.Lock()
	encoded, err := parser.ParseToJSON(text)
	parsing.Unlock()

	if err != nil {
		return nil, fmt.Errorf("it can't be parsed: %w", err)
	}

	var tree struct {
		Statements []struct {
			Statement node `json:"stmt"`
		} `json:"stmts"`
	}

	if err := json.Unmarshal([]byte(encoded), &tree); err != nil {
		return nil, fmt.Errorf("its syntax tree can't be read: %w", err)
	}

	switch len(tree.Statements) {
	case 0:
		return nil, nil //nolint:nilnil // A comment.
	case 1:
		return tree.Statements[0].Statement, nil
	}

	return nil, errors.New("it is several statements")
}

// text, child, list and is return the fields of a node. A field that is missing is empty.
func (n node) text(field string) string {
	text, _ := n[field].(string)

	return text
}

func (n node) child(field string) node {
	child, _ := n[field].(map[string]any)

	return child
}

func (n node) list(field string) []node {
	entries, _ := n[field].([]any)
	nodes := make([]node, 0, len(entries))

	for _, entry := range entries {
		if child, isNode := entry.(map[string]any); isNode {
			nodes = append(nodes, child)
		}
	}

	return nodes
}

func (n node) is(field string) bool { return n[field] == true }

// kind returns the name of the only field of a node that wraps another one, and this other node.
func (n node) kind() (string, node) {
	for name := range n {
		return name, n.child(name)
	}

	return "", nil
}

// strings returns the texts of a list of names.
func (n node) strings(field string) []string {
	var texts []string
	for _, entry := range n.list(field) {
		texts = append(texts, entry.child("String").text("sval"))
	}

	return texts
}

// postgres translates the syntax tree of PostgreSQL's parser.
type postgres struct{}

// withoutTables are the statements that concern no records of tables.
var withoutTables = strings.Fields(`
	TransactionStmt VariableSetStmt VariableShowStmt VacuumStmt IndexStmt CommentStmt GrantStmt LockStmt
	AlterOwnerStmt CreateSchemaStmt CreateSeqStmt AlterSeqStmt CheckPointStmt DiscardStmt DeallocateStmt
	CreateExtensionStmt ReindexStmt ClusterStmt ConstraintsSetStmt CreateStatsStmt CreateEnumStmt
	CreateDomainStmt ListenStmt NotifyStmt UnlistenStmt AlterDefaultPrivilegesStmt GrantRoleStmt
	CreateRoleStmt AlterRoleStmt
`)

func (p postgres) statement(of node) (found parsed, err error) {
	name, n := of.kind()

	switch name {
	case "SelectStmt":
		found.query = p.query(n)
	case "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt":
		found.changes = []change{*p.change(of)}
	case "CreateTableAsStmt", "ViewStmt", "CreateStmt":
		found.changes = []change{p.create(name, n)}
	case "RefreshMatViewStmt":
		found.changes = []change{{mode: Insert, targets: []relation{p.table(n.child("relation"))}}}
	case "DropStmt":
		found.changes = p.drop(n)
	case "TruncateStmt":
		for _, table := range n.list("relations") {
			found.changes = append(found.changes, change{mode: Truncate, targets: []relation{p.table(table.child("RangeVar"))}})
		}
	case "AlterTableStmt":
		found.changes = []change{{mode: Alter, targets: []relation{p.table(n.child("relation"))}}}
	case "RenameStmt":
		if renamed := n.child("relation"); renamed != nil {
			found.changes = []change{{mode: Alter, targets: []relation{p.table(renamed)}}}
		}
	case "CopyStmt":
		found = p.copy(n)
	case "ExplainStmt":
		return p.statement(n.child("query"))
	default:
		if !slices.Contains(withoutTables, name) {
			found.unknown = "the tables that " + strings.TrimSuffix(name, "Stmt") + " concerns are not known"
		}
	}

	return found, nil
}

// table translates the name of a table, with its alias.
func (p postgres) table(of node) relation {
	space := of.text("schemaname")
	if catalog := of.text("catalogname"); catalog != "" {
		space = catalog + "." + space
	}

	alias := of.child("alias")

	return relation{
		table: name{space, of.text("relname")}, alias: alias.text("aliasname"), columns: alias.strings("colnames"),
	}
}

func (p postgres) drop(of node) (changes []change) {
	if kind := of.text("removeType"); kind != "OBJECT_TABLE" && kind != "OBJECT_VIEW" && kind != "OBJECT_MATVIEW" {
		return nil
	}

	for _, object := range of.list("objects") {
		parts := object.child("List").strings("items")
		table := name{name: parts[len(parts)-1], space: strings.Join(parts[:len(parts)-1], ".")}
		changes = append(changes, change{mode: Drop, targets: []relation{{table: table}}})
	}

	return changes
}

func (p postgres) copy(of node) (found parsed) {
	switch table := of.child("relation"); {
	case table == nil:
		found.query = p.query(of.child("query").child("SelectStmt"))
	case of.is("is_from"):
		found.changes = []change{{mode: Insert, targets: []relation{p.table(table)}, columns: of.strings("attlist")}}
	default:
		found.query = &query{from: from{relations: []relation{p.table(table)}}, items: []item{{isStar: true}}}
	}

	found.unknown = "COPY reads or writes a file, or a program, on the server of the database"

	return found
}

func (p postgres) create(kind string, of node) change {
	into := of
	if kind == "CreateTableAsStmt" {
		into = of.child("into")
	}

	target := into.child(map[string]string{"CreateTableAsStmt": "rel", "ViewStmt": "view", "CreateStmt": "relation"}[kind])
	created := change{mode: Create, targets: []relation{p.table(target)}, columns: into.strings("colNames")}

	if kind == "ViewStmt" {
		created.columns = of.strings("aliases")
	}

	if query := of.child("query"); query != nil {
		created.source = p.query(query.child("SelectStmt"))
	}

	for _, element := range of.list("tableElts") {
		if column := element.child("ColumnDef"); column != nil {
			created.columns = append(created.columns, column.text("colname"))
		}
	}

	return created
}

// query translates a SELECT. A nil node, of a statement that is no SELECT, becomes an empty query.
func (p postgres) query(of node) *query {
	q := &query{ctes: p.ctes(of)}

	if left := of.child("larg"); left != nil {
		q.left, q.right = p.query(left), p.query(of.child("rarg"))
		q.order = p.expr(of["sortClause"])

		return q
	}

	q.from = p.from(of.list("fromClause"))
	q.items = p.items(of.list("targetList"))

	for row, values := range of.list("valuesLists") {
		for i, value := range values.child("List").list("items") {
			if row == 0 {
				q.items = append(q.items, item{name: fmt.Sprintf("column%d", i+1)})
			}

			if i < len(q.items) {
				q.items[i].value.and(p.expr(map[string]any(value)))
			}
		}
	}

	for _, clause := range []string{"whereClause", "windowClause", "distinctClause", "limitOffset", "limitCount"} {
		q.rest.and(p.expr(of[clause]))
	}

	for _, clause := range []string{"groupClause", "havingClause", "sortClause"} {
		q.order.and(p.expr(of[clause]))
	}

	if into := of.child("intoClause"); into != nil {
		q.into = &name{into.child("rel").text("schemaname"), into.child("rel").text("relname")}
	}

	return q
}

func (p postgres) ctes(of node) (found []cte) {
	for _, entry := range of.child("withClause").list("ctes") {
		table := entry.child("CommonTableExpr")
		inner := table.child("ctequery")
		added := cte{name: table.text("ctename"), columns: table.strings("aliascolnames")}

		if selects := inner.child("SelectStmt"); selects != nil {
			added.query = p.query(selects)
		} else {
			added.change = p.change(inner)
		}

		found = append(found, added)
	}

	return found
}

// from translates the entries of a FROM.
func (p postgres) from(entries []node) (found from) {
	for _, entry := range entries {
		p.addTo(&found, entry)
	}

	return found
}

// addTo adds an entry of a FROM, and those in it if it is a join.
func (p postgres) addTo(to *from, entry node) {
	name, n := entry.kind()
	alias := n.child("alias")

	switch name {
	case "RangeVar":
		to.relations = append(to.relations, p.table(n))
	case "RangeSubselect":
		to.relations = append(to.relations, relation{
			query: p.query(n.child("subquery").child("SelectStmt")),
			alias: alias.text("aliasname"), columns: alias.strings("colnames"),
		})
	case "JoinExpr":
		p.addTo(to, n.child("larg"))
		p.addTo(to, n.child("rarg"))
		to.on.and(p.expr(n["quals"]))
		to.using = append(to.using, n.strings("usingClause")...)
		to.natural = to.natural || n.is("isNatural")
	case "RangeTableSample":
		p.addTo(to, n.child("relation"))
	default: // A function that returns records.
		to.relations = append(to.relations, relation{
			isCall: true, values: p.expr(map[string]any(entry)), alias: alias.text("aliasname"),
		})
	}
}

// items translates the list of a SELECT.
func (p postgres) items(targets []node) (items []item) {
	for _, target := range targets {
		n := target.child("ResTarget")
		value := n.child("val")
		added := item{name: n.text("name"), value: p.expr(map[string]any(value))}

		if added.name == "" {
			added.name = p.nameOf(value)
		}

		if refs := added.value.refs; len(refs) == 1 && refs[0].column == allColumns && value.child("ColumnRef") != nil {
			added = item{isStar: true, star: refs[0].table}
		}

		items = append(items, added)
	}

	return items
}

// nameOf returns the name that PostgreSQL gives to a column without AS, or "" if it has no meaning.
func (p postgres) nameOf(value node) string {
	switch kind, n := value.kind(); kind {
	case "ColumnRef":
		names := n.strings("fields")

		return names[len(names)-1]
	case "FuncCall":
		names := n.strings("funcname")

		return names[len(names)-1]
	case "TypeCast":
		return p.nameOf(n.child("arg"))
	case "CoalesceExpr":
		return "coalesce"
	}

	return ""
}

// expr translates an expression: any part of the tree.
func (p postgres) expr(part any) (found expr) {
	p.add(&found, part)

	// The tree is a map, which has lost the order of the text.
	slices.SortStableFunc(found.refs, func(a, b ref) int { return a.place - b.place })

	return found
}

func (p postgres) add(to *expr, part any) {
	switch v := part.(type) {
	case []any:
		for _, entry := range v {
			p.add(to, entry)
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			n := node(v).child(name)

			switch name {
			case "ColumnRef":
				to.refs = append(to.refs, p.ref(n))
			case "SelectStmt":
				to.queries = append(to.queries, p.query(n))
			default:
				p.add(to, v[name])
			}
		}
	}
}

// ref translates the name of a column.
func (p postgres) ref(of node) ref {
	fields := of.list("fields")
	place, _ := of["location"].(float64)
	found := ref{place: int(place)}

	parts := make([]string, len(fields))
	for i, field := range fields {
		parts[i] = field.child("String").text("sval")

		if _, isStar := field["A_Star"]; isStar {
			parts[i] = allColumns
		}
	}

	last := len(parts) - 1
	found.column = parts[last]

	if last > 0 {
		found.table = name{name: parts[last-1], space: strings.Join(parts[:last-1], ".")}
	}

	return found
}

// change translates a statement that changes a table.
func (p postgres) change(of node) *change {
	kind, n := of.kind()
	c := &change{ctes: p.ctes(n), targets: []relation{p.table(n.child("relation"))}, returning: p.items(n.list("returningList"))}
	c.rest = p.expr(n["whereClause"])

	switch kind {
	case "InsertStmt":
		p.insert(c, n)
	case "UpdateStmt":
		c.mode, c.from, c.sets = Update, p.from(n.list("fromClause")), p.sets(n.list("targetList"))
	case "DeleteStmt":
		c.mode, c.from = Delete, p.from(n.list("usingClause"))
	case "MergeStmt":
		p.merge(c, n)
	}

	return c
}

func (p postgres) insert(c *change, n node) {
	c.mode = Insert

	for _, column := range n.list("cols") {
		c.columns = append(c.columns, column.child("ResTarget").text("name"))
	}

	if source := n.child("selectStmt").child("SelectStmt"); source != nil {
		c.source = p.query(source)
	}

	if conflict := n.child("onConflictClause"); conflict != nil && conflict.text("action") == "ONCONFLICT_UPDATE" {
		c.excluded, c.sets = true, p.sets(conflict.list("targetList"))
		c.rest.and(p.expr(conflict["whereClause"]))
	}
}

// sets translates the assignments of an UPDATE.
func (p postgres) sets(targets []node) (sets []set) {
	for _, target := range targets {
		n := target.child("ResTarget")
		value := n["val"]

		// (a, b) = (SELECT …) is the same expression for each column.
		if several := n.child("val").child("MultiAssignRef"); several != nil {
			value = several["source"]
		}

		sets = append(sets, set{column: ref{column: n.text("name")}, value: p.expr(value)})
	}

	return sets
}

func (p postgres) merge(c *change, n node) {
	c.mode = Update
	c.from = p.from([]node{n.child("sourceRelation")})
	c.rest.and(p.expr(n["joinCondition"]))

	for _, entry := range n.list("mergeWhenClauses") {
		when := entry.child("MergeWhenClause")
		c.rest.and(p.expr(when["condition"]))

		values := when.list("values")
		for i, target := range when.list("targetList") {
			n := target.child("ResTarget")
			added := set{column: ref{column: n.text("name")}, value: p.expr(n["val"])}

			if i < len(values) {
				added.value.and(p.expr(map[string]any(values[i])))
			}

			c.sets = append(c.sets, added)
		}
	}
}
