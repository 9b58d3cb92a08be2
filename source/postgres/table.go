package postgres

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jobwright/jobwright/source"
)

// table is a table as the catalog describes it.
type table struct {
	oid         string
	space, name string
	kind        string // One of pg_class.relkind's letters.
	owner       string // The role that owns it; empty if that is the connection's role.
	secured     bool   // Whether row-level security is enabled.
	columns     []column
}

// column is a column of a table. If its type is a domain, oid and modifier are those of the domain's base type.
type column struct {
	name        string
	number      string // pg_attribute.attnum.
	oid         uint32
	modifier    int32
	enumeration bool
	generated   bool // Whether the server computes its values, so that it can't be written.
	native      source.NativeType
}

func (t *table) quoted() string { return quote(t.space) + "." + quote(t.name) }

// kinds are the names of relations that are not tables, by the letters of pg_class.relkind.
var kinds = map[string]string{
	"v": "view", "m": "materialized view", "f": "foreign table", "S": "sequence", "i": "index", "I": "index", "c": "type",
}

// asTarget describes the table for the validation of a write.
func (t *table) asTarget() *source.Target {
	if t == nil {
		return nil
	}

	target := &source.Target{Kind: kinds[t.kind]}
	for _, column := range t.columns {
		target.Add(column.name, column.generated)
	}

	return target
}

func (t *table) column(name string) (column, bool) {
	at := slices.IndexFunc(t.columns, func(c column) bool { return c.name == name })
	if at < 0 {
		return column{}, false
	}

	return t.columns[at], true
}

// standard returns the standard type as which the column is read.
func (c column) standard() source.Standard { return standardOf(c.oid, c.modifier) }

// describe returns a table of the catalog, or nil if it does not exist. A name without a schema is looked up in the
// connection's search_path.
func (s *session) describe(ctx context.Context, named source.Table) (*table, error) {
	rows, err := s.query(ctx, `
		SELECT c.oid, n.nspname, c.relname, c.relkind, c.relrowsecurity,
			coalesce(nullif(pg_catalog.pg_get_userbyid(c.relowner), current_user), '')
		FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		WHERE c.oid = pg_catalog.to_regclass($1::text)`, qualified(named))
	if err != nil || len(rows) == 0 {
		return nil, err
	}

	row := rows[0]
	found := &table{
		oid: row[0], space: row[1], name: row[2], kind: row[3], secured: row[4] == "t", owner: row[5],
	}
	found.columns, err = s.columnsOf(ctx, found.oid)

	return found, err
}

// defaultSpace returns the schema in which the connection creates tables.
func (s *session) defaultSpace(ctx context.Context) (string, error) {
	rows, err := s.query(ctx, "SELECT current_schema()")
	if err != nil {
		return "", err
	}

	if rows[0][0] == "" {
		return "", &source.Error{
			Code: source.CodeTableNotFound, Message: "the connection's search_path contains no existing schema",
			Hint: "name the table with its schema",
		}
	}

	return rows[0][0], nil
}

// lockName waits until no other transaction of this driver creates a table of that name, and locks the name until the end of
// the transaction.
func (s *session) lockName(ctx context.Context, named source.Table) error {
	_, err := s.query(ctx, "SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended($1, 0))",
		"jobwright "+qualified(named))

	return err
}

// columnsOf returns the columns of the table with that OID.
func (s *session) columnsOf(ctx context.Context, table string) ([]column, error) {
	rows, err := s.query(ctx, `
		WITH RECURSIVE based AS (
			SELECT a.attnum, a.atttypid AS oid, a.atttypmod AS modifier
			FROM pg_catalog.pg_attribute a WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped
			UNION ALL
			SELECT b.attnum, t.typbasetype, t.typtypmod
			FROM based b JOIN pg_catalog.pg_type t ON t.oid = b.oid AND t.typtype = 'd'
		)
		SELECT a.attname, a.attnum, b.oid, b.modifier, t.typtype = 'e', a.attgenerated <> '',
			pg_catalog.format_type(a.atttypid, NULL), pg_catalog.format_type(a.atttypid, a.atttypmod)
		FROM based b
		JOIN pg_catalog.pg_attribute a ON a.attrelid = $1::oid AND a.attnum = b.attnum
		JOIN pg_catalog.pg_type t ON t.oid = b.oid
		WHERE t.typtype <> 'd' ORDER BY a.attnum`, table)
	if err != nil {
		return nil, err
	}

	columns := make([]column, len(rows))

	for i, row := range rows {
		oid, modifier, err := parseType(row[2], row[3])
		if err != nil {
			return nil, err
		}

		columns[i] = column{
			name: row[0], number: row[1], oid: oid, modifier: modifier, enumeration: row[4] == "t", generated: row[5] == "t",
			native: nativeType(row[6], row[7], oid, modifier),
		}
	}

	return columns, nil
}

func parseType(oidText, modifierText string) (oid uint32, modifier int32, err error) {
	number, err := strconv.ParseUint(oidText, 10, 32)
	if err != nil {
		return 0, 0, err
	}

	arguments, err := strconv.ParseInt(modifierText, 10, 32)

	return uint32(number), int32(arguments), err
}

// hasUniqueIndex reports whether the table has a unique index on exactly the columns of the key that ON CONFLICT can use.
func (s *session) hasUniqueIndex(ctx context.Context, of *table, key []string) (bool, error) {
	numbers := make([]string, len(key))
	for i, name := range key {
		column, _ := of.column(name)
		numbers[i] = column.number
	}

	rows, err := s.query(ctx, `
		SELECT count(*) FROM pg_catalog.pg_index i
		WHERE i.indrelid = $1::oid AND i.indisunique AND i.indimmediate AND i.indisvalid
			AND i.indpred IS NULL AND i.indexprs IS NULL AND i.indnkeyatts = cardinality($2::int2[])
			AND (i.indkey::int2[])[0:i.indnkeyatts - 1] <@ $2::int2[]`, of.oid, "{"+strings.Join(numbers, ",")+"}")
	if err != nil {
		return false, err
	}

	return rows[0][0] != "0", nil
}

// create creates a table with the columns of a schema.
func (s *session) create(ctx context.Context, space, name string, schema source.Schema) error {
	definitions := make([]string, len(schema))

	for i, column := range schema {
		created := createdType(column.Standard)
		if created == "" || created == "[]" {
			return &source.Error{
				Code:    source.CodeRecordInvalid,
				Message: fmt.Sprintf("column %q: the standard type %q does not exist", column.Name, column.Standard),
			}
		}

		definitions[i] = quote(column.Name) + " " + created
	}

	return s.run(ctx, fmt.Sprintf("CREATE TABLE %s (%s)",
		qualified(source.Table{Space: space, Name: name}), strings.Join(definitions, ", ")))
}
