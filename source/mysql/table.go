package mysql

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/jobwright/jobwright/source"
)

// field is a column of a table that is there.
type field struct {
	native

	column    string
	charset   string
	collation string
	nullable  bool
	automatic bool // Whether the server counts it: NULL and what is not written take the next number.
	generated bool // Whether the server computes it.
}

// definition writes the column for a temporary table that holds the same values, or NULL.
func (f field) definition() string {
	text := quote(f.column) + " " + f.text
	if f.name == "JSON" {
		text = quote(f.column) + " JSON"
	}

	if f.charset != "" && f.name != "JSON" {
		text += " CHARACTER SET " + f.charset + " COLLATE " + f.collation
	}

	return text + " NULL"
}

// table is one that is there.
type table struct {
	source.Table

	kind          string // "BASE TABLE", "VIEW" and others.
	transactional bool   // Whether its engine can roll back.
	comment       string
	fields        []field
}

func (t *table) isBase() bool { return t.kind == "BASE TABLE" || t.kind == "SYSTEM VERSIONED" }

// field finds a column; MySQL's names of columns are the same in small and in capital letters.
func (t *table) field(name string) *field {
	at := slices.IndexFunc(t.fields, func(f field) bool { return strings.EqualFold(f.column, name) })
	if at < 0 {
		return nil
	}

	return &t.fields[at]
}

func (t *table) columns() []string {
	names := make([]string, len(t.fields))
	for i, field := range t.fields {
		names[i] = field.column
	}

	return names
}

// schema returns the columns as they are read.
func (t *table) schema() source.Schema {
	schema := make(source.Schema, len(t.fields))

	for i, field := range t.fields {
		standard, native := field.read()
		schema[i] = source.Column{
			Name: field.column, Updateable: t.isBase() && !field.generated, Native: native, Standard: standard,
		}
	}

	return schema
}

// asTarget describes the table for the validation of a write.
func (t *table) asTarget() *source.Target {
	if t == nil {
		return nil
	}

	target := &source.Target{Columns: t.columns()}
	if !t.isBase() {
		target.Kind = strings.ToLower(t.kind)
	}

	for _, field := range t.fields {
		if field.generated {
			target.Generated = append(target.Generated, field.column)
		}
	}

	return target
}

// describe returns a table or view as it is, or nil where there is none.
func (s *session) describe(ctx context.Context, name source.Table) (*table, error) {
	found := &table{Table: name}

	err := s.conn.QueryRowContext(ctx, "SELECT t.table_type, COALESCE(e.transactions, '') = 'YES', t.table_comment "+
		"FROM information_schema.tables AS t LEFT JOIN information_schema.engines AS e ON e.engine = t.engine "+
		"WHERE t.table_schema = ? AND t.table_name = ?", name.Space, name.Name).
		Scan(&found.kind, &found.transactional, &found.comment)
	if err == sql.ErrNoRows { //nolint:errorlint // Scan returns it as it is.
		return nil, nil //nolint:nilnil // There is none.
	}

	if err != nil {
		return nil, err
	}

	isJSON, err := s.jsonColumns(ctx, name)
	if err != nil {
		return nil, err
	}

	rows, err := s.conn.QueryContext(ctx, "SELECT column_name, UPPER(data_type), column_type, "+
		"COALESCE(character_maximum_length, IF(data_type = 'bit', numeric_precision, 0)), COALESCE(numeric_precision, 0), "+
		"COALESCE(numeric_scale, -1), COALESCE(datetime_precision, 0), COALESCE(character_set_name, ''), "+
		"COALESCE(collation_name, ''), is_nullable = 'YES', extra LIKE '%auto_increment%', "+
		"COALESCE(generation_expression, '') <> '', data_type = 'datetime' AND column_comment = '"+momentComment+"' "+
		"FROM information_schema.columns WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position",
		name.Space, name.Name)
	if err != nil {
		return nil, err
	}
	defer rows.Close()

	for rows.Next() {
		var f field

		err := rows.Scan(&f.column, &f.name, &f.text, &f.length, &f.precision, &f.scale, &f.fraction, &f.charset, &f.collation,
			&f.nullable, &f.automatic, &f.generated, &f.isMoment)
		if err != nil {
			return nil, err
		}

		if isJSON[f.column] {
			f.name, f.text, f.length = "JSON", "json", 0
		}

		f.isParsed = f.name == "JSON" && !s.server.mariaDB

		if f.name == "FLOAT" || f.name == "DOUBLE" {
			f.precision = 0
		}

		found.fields = append(found.fields, f)
	}

	return found, rows.Err()
}

// jsonColumns returns the columns of a table that MariaDB made when it was told to make one of type JSON: LONGTEXT with a
// check of its value.
func (s *session) jsonColumns(ctx context.Context, name source.Table) (map[string]bool, error) {
	if !s.server.mariaDB {
		return nil, nil //nolint:nilnil // MySQL's JSON is a type.
	}

	rows, err := s.conn.QueryContext(ctx, "SELECT constraint_name, check_clause FROM information_schema.check_constraints "+
		"WHERE constraint_schema = ? AND table_name = ? AND check_clause LIKE 'json_valid(%'",
		name.Space, name.Name)
	if err != nil {
		return nil, err
	}
	defer rows.Close()

	found := map[string]bool{}

	for rows.Next() {
		var column, clause string
		if err := rows.Scan(&column, &clause); err != nil {
			return nil, err
		}

		if clause == fmt.Sprintf("json_valid(%s)", quote(column)) {
			found[column] = true
		}
	}

	return found, rows.Err()
}
